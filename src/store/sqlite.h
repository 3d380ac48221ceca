#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

/// The one adapter of libsqlite3: what fails is an Error in plain words (a full disk, read-only, locked, damaged), and
/// what a file says is never trusted: no triggers, views or extensions of its own run, and sizes have limits.
///
///     ASSIGN_OR_RETURN(const Database database, Database::open(path));
///     ASSIGN_OR_RETURN(Statement turns, database.prepare("SELECT id, content FROM turns WHERE chat = ?1"));
///     turns.bind(1, chat);
///     for (;;) {
///       ASSIGN_OR_RETURN(const bool row, turns.step());
///       if (!row) break;
///       use(turns.integer(0), turns.text(1));
///     }
namespace carat::store::sqlite {

/// "PATH: cannot be written ...": of a file or folder that is read-only.
Error read_only(const std::filesystem::path& path);

/// A prepared statement. One thread at a time; must not outlive its Database.
class Statement {
 public:
  /// Values are bound from 1, copied, and a failure is what the next step() returns.
  void bind(int index, std::int64_t value);
  void bind(int index, std::optional<std::int64_t> value);  ///< nothing is NULL
  void bind(int index, std::string_view text);
  void bind(int index, const std::optional<std::string>& text);

  /// Whether there is a row. Errors as Database's, also when the row before had a text that memory did not hold.
  Result<bool> step();
  /// From the beginning again; values stay bound.
  void reset();
  /// Steps to the end, rows ignored.
  Result<void> run();

  /// An error when memory did not hold a text of this row: before a decision hangs on the texts.
  Result<void> status() const;

  /// Columns of the row, from 0; of any type, converted as SQLite does.
  std::int64_t integer(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;  ///< nothing for NULL
  std::string text(int column);  ///< empty for NULL; bytes that are no UTF-8 replaced by U+FFFD

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  sqlite3* database_ = nullptr;
  const std::filesystem::path* path_ = nullptr;
  int failed_ = 0;  // the first code that was not SQLITE_OK in bind() or text()
};

/// An open database file in WAL mode, every commit on the disk when it returns, what is deleted overwritten.
class Database {
 public:
  /// Longest text or row.
  static constexpr int kMaxLength = 64 << 20;
  /// How long a statement waits for other processes.
  static constexpr int kBusyMs = 5'000;

  /// Creates the file when it is not there (it gets the mode of the process; make it before when that matters).
  /// Errors: kIo (cannot be opened or written, or in use for longer than kBusyMs), kCorrupt (no database, or damaged).
  static Result<Database> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return *path_; }

  Result<Statement> prepare(std::string_view sql) const;
  /// Statements without values and results.
  Result<void> run(const char* sql) const;
  /// The first column of the first row, 0 without one.
  Result<std::int64_t> number(std::string_view sql) const;
  Result<std::string> words(std::string_view sql) const;
  /// Errors: kCorrupt when SQLite's integrity_check finds damage; kIo and kOutOfMemory when it could not look.
  Result<void> check_integrity() const;
  std::int64_t last_insert_id() const;

  /// Whether closing moves the log into the file and removes it, when nobody else uses them: off after open(), so that
  /// looking at a damaged file leaves it as it is.
  void tidy_on_close(bool tidy) const;
  /// Moves the log into the file and removes it now; waits for readers.
  Result<void> finish() const;

 private:
  friend class Transaction;

  struct Close {
    void operator()(sqlite3* database) const;
  };
  Result<void> prepare_transactions();

  std::unique_ptr<std::filesystem::path> path_;  // statements point to it
  std::unique_ptr<sqlite3, Close> database_;
  // Made beforehand: taking a transaction back must not need memory, which may be what there is none of.
  mutable Statement begin_, commit_, roll_back_;
};

/// Everything or nothing: without commit() the destructor takes it back.
class Transaction {
 public:
  /// Waits until no other process writes, so that what is read inside stays true until the commit.
  static Result<Transaction> begin(const Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// Returns when it is on the disk. After an error nothing of it was done.
  Result<void> commit();

 private:
  explicit Transaction(const Database& database) : database_(&database) {}
  const Database* database_;
};

}  // namespace carat::store::sqlite
