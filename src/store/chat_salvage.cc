#include "store/chat_salvage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <unordered_map>

#include "base/file.h"
#include "base/file_error.h"
#include "base/utf8.h"
#include "store/chat_schema.h"
#include "store/sqlite.h"
#include "store/sqlite_pages.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;
using sqlite::FoundRow;
using sqlite::Statement;
using sqlite::Transaction;
using sqlite::Value;

fs::path with_suffix(const fs::path& path, std::string_view suffix) {
  fs::path result = path;
  result += suffix;
  return result;
}

/// The file and its log; each may be empty.
struct DamagedFiles {
  MappedFile file, log;

  static Result<DamagedFiles> open(const fs::path& path) {
    DamagedFiles files;
    for (auto& [mapped, name] : {std::pair(&files.file, path), std::pair(&files.log, with_suffix(path, "-wal"))}) {
      std::error_code ignored;
      if (fs::file_size(name, ignored) == 0 || ignored) continue;
      ASSIGN_OR_RETURN(*mapped, MappedFile::open(name));
    }
    return files;
  }
  sqlite::FilePair pair() const { return {file.bytes(), log.bytes()}; }
};

constexpr const char* kSalvaged = ".salvaged";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

void remove_with_log(const fs::path& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink(with_suffix(path, suffix).c_str());
}

Result<void> rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return errno_error("rename", from);
  return {};
}

/// Names in a folder are on the disk only after this.
Result<void> sync_dir(const fs::path& dir) {
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_error("open", dir);
  const int code = ::fsync(fd);
  ::close(fd);
  if (code != 0) return errno_error("write", dir);
  return {};
}

const std::int64_t* integer(const Value& value) { return std::get_if<std::int64_t>(&value); }
const std::string* text(const Value& value) { return std::get_if<std::string>(&value); }
bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }

/// Puts found rows into a new database; what kind a row is, its values tell.
class Collector {
 public:
  static Result<Collector> create(const Database& database) {
    Collector collector;
    ASSIGN_OR_RETURN(collector.chat_,
                     database.prepare("INSERT OR IGNORE INTO chats (id, name, model, system, think, created_ms, "
                                      "updated_ms, touched, head) VALUES (?1, CASE WHEN EXISTS (SELECT 1 FROM chats "
                                      "WHERE name = ?2) THEN NULL ELSE ?2 END, ?3, ?4, ?5 <> 0, ?6, ?7, ?8, ?9)"));
    ASSIGN_OR_RETURN(collector.turn_,
                     database.prepare("INSERT OR IGNORE INTO turns (id, chat, parent, depth, role, content, thinking, "
                                      "details, created_ms) VALUES (?1, ?2, CASE WHEN ?3 < ?1 THEN ?3 END, "
                                      "max(?4, 1), ?5, ?6, ?7, ?8, ?9)"));
    return collector;
  }

  void add(const FoundRow& row) {
    if (!failure_ || failure_->has_value()) failure_ = add_row(row);
  }
  Result<void> result() const { return failure_.value_or(Result<void>()); }

 private:
  Result<void> add_row(const FoundRow& row) {
    const std::vector<Value>& v = row.values;
    if (row.rowid < 1 || v.size() != 9 || !is_null(v[0])) return {};
    const bool name_or_null = is_null(v[1]) || text(v[1]) != nullptr;
    const bool id_or_null = is_null(v[8]) || integer(v[8]) != nullptr;
    if (name_or_null && text(v[2]) && text(v[3]) && integer(v[4]) && integer(v[5]) && integer(v[6]) && integer(v[7]) &&
        id_or_null) {
      return insert(chat_, row);
    }
    const bool parent_or_null = is_null(v[2]) || integer(v[2]) != nullptr;
    if (integer(v[1]) && parent_or_null && integer(v[3]) && text(v[4]) && text(v[5]) && text(v[6]) && text(v[7]) &&
        integer(v[8])) {
      return insert(turn_, row);
    }
    return {};
  }

  static Result<void> insert(Statement& statement, const FoundRow& row) {
    statement.reset();
    statement.bind(1, row.rowid);
    for (int i = 1; i < 9; ++i) {
      const Value& value = row.values[static_cast<std::size_t>(i)];
      if (const std::int64_t* number = integer(value)) {
        statement.bind(i + 1, *number);
      } else if (const std::string* words = text(value)) {
        statement.bind(i + 1, std::string_view(replace_invalid_utf8(*words)));
      } else {
        statement.bind(i + 1, std::optional<std::int64_t>());
      }
    }
    return statement.run();
  }

  Statement chat_, turn_;
  std::optional<Result<void>> failure_;
};

/// Turns get a chat and a parent again when theirs were lost, chats a head: nothing that was read is dropped.
constexpr const char* kMend = R"sql(
INSERT INTO chats (id, model, system, think, created_ms, updated_ms, touched)
  SELECT chat, '', '', 0, min(created_ms), max(created_ms), 0 FROM turns
  WHERE chat NOT IN (SELECT id FROM chats) AND chat > 0 GROUP BY chat;
DELETE FROM turns WHERE chat NOT IN (SELECT id FROM chats);
UPDATE turns SET parent = (SELECT max(p.id) FROM turns AS p
                           WHERE p.chat = turns.chat AND p.id < turns.id AND p.depth < turns.depth)
  WHERE (parent IS NOT NULL OR depth > 1)
    AND NOT EXISTS (SELECT 1 FROM turns AS p WHERE p.id = turns.parent AND p.chat = turns.chat);
UPDATE chats SET head = (SELECT max(id) FROM turns WHERE turns.chat = chats.id)
  WHERE NOT EXISTS (SELECT 1 FROM turns WHERE turns.id = chats.head AND turns.chat = chats.id)
    AND (head IS NOT NULL OR touched = 0);
)sql";

Result<void> mend_depths(const Database& database) {
  ASSIGN_OR_RETURN(Statement all, database.prepare("SELECT id, parent, depth FROM turns ORDER BY id"));
  ASSIGN_OR_RETURN(Statement update, database.prepare("UPDATE turns SET depth = ?2 WHERE id = ?1"));
  std::unordered_map<std::int64_t, std::int64_t> depths;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, all.step());
    if (!row) return {};
    const std::int64_t id = all.integer(0);
    const std::optional<std::int64_t> parent = all.optional_integer(1);
    const std::int64_t depth = parent ? depths[*parent] + 1 : 1;  // parents come first
    depths[id] = depth;
    if (depth == all.integer(2)) continue;
    update.reset();
    update.bind(1, id);
    update.bind(2, depth);
    RETURN_IF_ERROR(update.run());
  }
}

Result<Salvaged> fill(const Database& database, const sqlite::FilePair& pair) {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
  {
    ASSIGN_OR_RETURN(Collector collector, Collector::create(database));
    sqlite::find_rows(pair, [&](const FoundRow& row) { collector.add(row); });
    RETURN_IF_ERROR(collector.result());
  }
  RETURN_IF_ERROR(database.run(kMend));
  RETURN_IF_ERROR(mend_depths(database));
  RETURN_IF_ERROR(transaction.commit());
  Salvaged salvaged;
  ASSIGN_OR_RETURN(salvaged.n_chats, database.number("SELECT count(*) FROM chats"));
  ASSIGN_OR_RETURN(salvaged.n_turns, database.number("SELECT count(*) FROM turns"));
  ASSIGN_OR_RETURN(salvaged.max_turn, database.number("SELECT ifnull(max(id), 0) FROM turns"));
  return salvaged;
}

}  // namespace

Result<Salvaged> salvage(const fs::path& path) {
  const fs::path building = with_suffix(path, ".salvaging");
  remove_with_log(building);
  ASSIGN_OR_RETURN(const DamagedFiles files, DamagedFiles::open(path));
  const auto result = [&]() -> Result<Salvaged> {
    const int fd = ::open(building.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return errno_error("create", building);
    ::close(fd);
    ASSIGN_OR_RETURN(const Database database, Database::open(building));
    RETURN_IF_ERROR(prepare_chat_schema(database));
    ASSIGN_OR_RETURN(const Salvaged salvaged, fill(database, files.pair()));
    RETURN_IF_ERROR(database.finish());
    return salvaged;
  }();
  if (!result) {
    remove_with_log(building);
    return result.error();
  }
  RETURN_IF_ERROR(rename_file(building, with_suffix(path, kSalvaged)));
  RETURN_IF_ERROR(sync_dir(path.parent_path()));
  return *result;
}

Result<std::optional<fs::path>> finish_salvage(const fs::path& path) {
  const fs::path salvaged = with_suffix(path, kSalvaged);
  if (!is_there(salvaged)) return std::optional<fs::path>();
  fs::path kept;
  for (int n = 1; kept.empty() || is_there(kept); ++n) kept = with_suffix(path, fmt::format(".damaged-{}", n));
  // The log first: it must never be beside a file that it does not belong to.
  const fs::path log = with_suffix(path, "-wal");
  if (is_there(log)) RETURN_IF_ERROR(rename_file(log, with_suffix(kept, "-wal")));
  ::unlink(with_suffix(path, "-shm").c_str());
  if (is_there(path)) RETURN_IF_ERROR(rename_file(path, kept));
  RETURN_IF_ERROR(rename_file(salvaged, path));
  RETURN_IF_ERROR(sync_dir(path.parent_path()));
  return std::optional<fs::path>(kept);
}

void drop_salvaged(const fs::path& path) { remove_with_log(with_suffix(path, kSalvaged)); }

}  // namespace carat::store
