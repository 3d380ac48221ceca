#include "store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "base/utf8.h"

namespace carat::store::sqlite {

namespace fs = std::filesystem;

Error read_only(const fs::path& path) {
  return io_error(
      fmt::format("{}: cannot be written (the file, its folder or the file system is read-only), so nothing was added; "
                  "make them writable and try again",
                  path.string()));
}

namespace {

Error full(const fs::path& path) {
  return io_error(
      fmt::format("{}: the disk is full, so nothing was added (what was saved before is kept); free some "
                  "space and try again",
                  path.string()));
}

Error system_error(const fs::path& path, int code) {
  if (code == ENOSPC || code == EDQUOT) return full(path);
  if (code == ENOMEM) return out_of_memory("out of memory");
  if (code == EFBIG) {
    return io_error(
        fmt::format("{}: it would become larger than this process may make files (ulimit -f), so nothing "
                    "was added; raise the limit and try again",
                    path.string()));
  }
  return io_error(fmt::format("{}: cannot read or write: {}", path.string(), std::strerror(code == 0 ? EIO : code)));
}

/// errno of the call that failed. SQLite's own memory of it is of the last call, which may have been one that cleans
/// up; the files know better.
int system_code_of(sqlite3* database) {
  if (database == nullptr) return 0;
  sqlite3_file* log = nullptr;
  int code = 0;
  if (sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log != nullptr &&
      log->pMethods != nullptr && log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &code) == SQLITE_OK &&
      code != 0) {
    return code;
  }
  if (sqlite3_file_control(database, "main", SQLITE_FCNTL_LAST_ERRNO, &code) == SQLITE_OK && code != 0) return code;
  return sqlite3_system_errno(database);
}

Error as_error(const fs::path& path, sqlite3* database, int code) {
  switch (code & 0xff) {
    case SQLITE_NOMEM:
      return out_of_memory("out of memory");  // as in no_bad_alloc: allocates nothing
    case SQLITE_FULL:
      return full(path);
    case SQLITE_READONLY:
      if (code != SQLITE_READONLY_DBMOVED) return read_only(path);
      return io_error(fmt::format("{}: was moved or deleted while it was in use; start again", path.string()));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return io_error(fmt::format("{}: another program has been using it for {} seconds; try again when it is done",
                                  path.string(), Database::kBusyMs / 1000));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(fmt::format("{}: is damaged", path.string()));
    case SQLITE_CONSTRAINT:  // values are checked before they come here, so it is a row of the file that is wrong
      return corrupt(fmt::format("{}: is damaged; a row breaks the rules of its table", path.string()));
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH: {
      const int system_code = database == nullptr ? 0 : sqlite3_system_errno(database);
      if (system_code == EROFS || system_code == EACCES) return read_only(path);
      if (system_code != 0) return system_error(path, system_code);
      return io_error(
          fmt::format("{}: cannot be opened; check that it is a file and its folder exists", path.string()));
    }
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_NOMEM) return out_of_memory("out of memory");
      return system_error(path, system_code_of(database));
    case SQLITE_TOOBIG:
      return limit_exceeded(
          fmt::format("{}: a text above {} MiB cannot be kept", path.string(), Database::kMaxLength >> 20));
    case SQLITE_ERROR:  // a schema format number that no SQLite has written, for one
      return unsupported(fmt::format("{}: cannot be used as a database ({}); move it away to begin a new one",
                                     path.string(), database == nullptr ? "SQL error" : sqlite3_errmsg(database)));
    default:
      return internal_error(fmt::format("{}: {}", path.string(), sqlite3_errstr(code)));
  }
}

/// Nothing that a file brings along may run, and no size of it is believed.
int harden(sqlite3* database) {
  struct Switch {
    int option;
    int value;
  };
  for (const Switch s : {Switch{SQLITE_DBCONFIG_DEFENSIVE, 1},
                         {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                         {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                         {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                         {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                         {SQLITE_DBCONFIG_DQS_DML, 0},
                         {SQLITE_DBCONFIG_DQS_DDL, 0},
                         {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}}) {
    if (const int code = sqlite3_db_config(database, s.option, s.value, nullptr); code != SQLITE_OK) return code;
  }
  for (const Switch s : {Switch{SQLITE_LIMIT_LENGTH, Database::kMaxLength},
                         {SQLITE_LIMIT_SQL_LENGTH, 64 << 10},
                         {SQLITE_LIMIT_COLUMN, 64},
                         {SQLITE_LIMIT_EXPR_DEPTH, 64},
                         {SQLITE_LIMIT_COMPOUND_SELECT, 8},
                         {SQLITE_LIMIT_ATTACHED, 0},
                         {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
                         {SQLITE_LIMIT_WORKER_THREADS, 0}}) {
    sqlite3_limit(database, s.option, s.value);
  }
  return sqlite3_busy_timeout(database, Database::kBusyMs);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Statement::bind(int index, std::int64_t value) {
  if (failed_ == SQLITE_OK) failed_ = sqlite3_bind_int64(statement_.get(), index, value);
}

void Statement::bind(int index, std::optional<std::int64_t> value) {
  if (value) return bind(index, *value);
  if (failed_ == SQLITE_OK) failed_ = sqlite3_bind_null(statement_.get(), index);
}

void Statement::bind(int index, std::string_view text) {
  if (failed_ != SQLITE_OK) return;
  const char* begin = text.data() == nullptr ? "" : text.data();  // a null pointer would bind NULL
  failed_ = sqlite3_bind_text64(statement_.get(), index, begin, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Statement::bind(int index, const std::optional<std::string>& text) {
  if (text) return bind(index, std::string_view(*text));
  if (failed_ == SQLITE_OK) failed_ = sqlite3_bind_null(statement_.get(), index);
}

Result<void> Statement::status() const {
  if (failed_ != SQLITE_OK) return as_error(*path_, nullptr, failed_);
  return {};
}

Result<bool> Statement::step() {
  RETURN_IF_ERROR(status());
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return as_error(*path_, database_, code);
}

void Statement::reset() { (void)sqlite3_reset(statement_.get()); }

Result<void> Statement::run() {
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, step());
    if (!row) return {};
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string Statement::text(int column) {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return {};
  const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (begin == nullptr) {
    if (sqlite3_errcode(database_) == SQLITE_NOMEM) failed_ = SQLITE_NOMEM;
    return {};
  }
  const std::string_view stored(begin, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
  return is_valid_utf8(stored) ? std::string(stored) : replace_invalid_utf8(stored);
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Database> Database::open(const fs::path& path) {
  Database result;
  result.path_ = std::make_unique<fs::path>(path);
  sqlite3* opened = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE,
                             nullptr);
  result.database_.reset(opened);
  if (code == SQLITE_OK) code = harden(opened);
  if (code != SQLITE_OK) return as_error(path, opened, code);
  if (sqlite3_db_readonly(opened, "main") == 1) return read_only(path);
  RETURN_IF_ERROR(
      result.run("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
                 "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL"));
  RETURN_IF_ERROR(result.prepare_transactions());
  return result;
}

Result<void> Database::prepare_transactions() {
  ASSIGN_OR_RETURN(begin_, prepare("BEGIN IMMEDIATE"));
  ASSIGN_OR_RETURN(commit_, prepare("COMMIT"));
  ASSIGN_OR_RETURN(roll_back_, prepare("ROLLBACK"));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), 0, &prepared, nullptr);
  Statement statement;
  statement.statement_.reset(prepared);
  statement.database_ = database_.get();
  statement.path_ = path_.get();
  if (code != SQLITE_OK) return as_error(*path_, database_.get(), code);
  return statement;
}

Result<void> Database::run(const char* sql) const {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return as_error(*path_, database_.get(), code);
  return {};
}

Result<std::int64_t> Database::number(std::string_view sql) const {
  ASSIGN_OR_RETURN(Statement statement, prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

Result<std::string> Database::words(std::string_view sql) const {
  ASSIGN_OR_RETURN(Statement statement, prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.step());
  std::string text = row ? statement.text(0) : std::string();
  RETURN_IF_ERROR(statement.run());  // says when memory did not hold the text
  return text;
}

Result<void> Database::check_integrity() const {
  const auto checked = words("PRAGMA integrity_check(1)");
  if (!checked) return checked.error();
  const std::string& verdict = *checked;
  if (verdict == "ok") return {};
  // A page that could not be read for want of memory, or by the disk, is in its words like any damage.
  const auto says = [&](std::string_view words) { return verdict.find(words) != std::string::npos; };
  if (says("failed to get page") || (says("unable to get the page") && !says("error code=11"))) {
    const int code = system_code_of(database_.get());
    return system_error(*path_, code == 0 ? ENOMEM : code);
  }
  return corrupt(fmt::format("{}: is damaged ({:.200})", path_->string(), verdict));
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(database_.get()); }

void Database::tidy_on_close(bool tidy) const {
  (void)sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, tidy ? 0 : 1, nullptr);
}

Result<void> Database::finish() const {
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) return as_error(*path_, database_.get(), code);
  tidy_on_close(true);
  return {};
}

Result<Transaction> Transaction::begin(const Database& database) {
  database.begin_.reset();
  RETURN_IF_ERROR(database.begin_.run());
  database.begin_.reset();
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  database_->roll_back_.reset();
  (void)database_->roll_back_.run();  // SQLite may have taken it back already: then an error
  database_->roll_back_.reset();
}

Result<void> Transaction::commit() {
  database_->commit_.reset();
  const auto committed = database_->commit_.run();
  database_->commit_.reset();
  if (!committed) return committed;
  database_ = nullptr;
  return {};
}

}  // namespace carat::store::sqlite
