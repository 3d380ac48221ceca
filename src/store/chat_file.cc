#include "store/chat_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "base/file.h"
#include "base/file_error.h"
#include "store/chat_salvage.h"
#include "store/chat_schema.h"
#include "store/sqlite_pages.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;

/// An empty file of mode 0600, if there is none. An existing one is not opened here: closing it would let go of the
/// locks that another store of this process has on it (POSIX locks belong to the process).
Result<void> make_private_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
  } else if (errno == EROFS || errno == EACCES || errno == EPERM) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return sqlite::read_only(path);
  } else if (errno != EEXIST) {
    return errno_error("create", path);
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_error("open", path);
  if (!S_ISREG(info.st_mode)) {
    return invalid_argument(
        fmt::format("{}: is no regular file; chats are kept in a file of this name, move this one "
                    "away",
                    path.string()));
  }
  if (info.st_uid == geteuid() && (info.st_mode & 0077) != 0) {
    (void)::chmod(path.c_str(), 0600);  // best effort: a copied file has the mode of the copier
  }
  return {};
}

/// What SQLite cannot see by itself, before it opens (and changes) anything. REQUIRES: nobody has the file open.
Result<void> look_at_bytes(const fs::path& path) {
  fs::path log_path = path;
  log_path += "-wal";
  std::error_code no_file, no_log;
  const auto n_file = fs::file_size(path, no_file), n_log = fs::file_size(log_path, no_log);
  const bool has_log = !no_log && n_log > 0;
  if (no_file || (n_file == 0 && !has_log)) return {};
  if (n_file == 0) return corrupt(fmt::format("{}: is empty, though its log is not", path.string()));
  ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  if (!sqlite::header_is_plausible(file.bytes())) {
    return corrupt(fmt::format("{}: does not begin as an SQLite file does", path.string()));
  }
  // SQLite takes what is missing of the last page for zeros. (With a log, pages may still be on their way.)
  const std::uint64_t n_whole = sqlite::size_of_header(file.bytes());
  if (!has_log && n_file < n_whole) {
    return corrupt(fmt::format("{}: is cut short ({} bytes of {})", path.string(), n_file, n_whole));
  }
  return {};
}

Result<bool> log_is_cut_short(const fs::path& path) {
  fs::path log_path = path;
  log_path += "-wal";
  std::error_code no_log;
  if (fs::file_size(log_path, no_log) == 0 || no_log) return false;
  ASSIGN_OR_RETURN(const MappedFile log, MappedFile::open(log_path));
  return sqlite::log_hides_commits(log.bytes());
}

/// Everything that must hold between rows, and that reading relies on.
constexpr const char* kInconsistent =
    "SELECT EXISTS (SELECT 1 FROM turns AS t LEFT JOIN turns AS p ON p.id = t.parent WHERE t.parent IS NOT NULL AND "
    "(p.chat IS NOT t.chat OR p.depth + 1 IS NOT t.depth) OR t.parent IS NULL AND t.depth <> 1) OR "
    "EXISTS (SELECT 1 FROM chats LEFT JOIN turns ON turns.id = head WHERE head IS NOT NULL AND turns.chat IS NOT "
    "chats.id) OR EXISTS (SELECT 1 FROM turns WHERE chat NOT IN (SELECT id FROM chats))";

Result<void> check_content(const Database& database) {
  RETURN_IF_ERROR(database.check_integrity());
  ASSIGN_OR_RETURN(const std::int64_t inconsistent, database.number(kInconsistent));
  if (inconsistent != 0) return corrupt(fmt::format("{}: its turns do not fit together", database.path().string()));
  return {};
}

/// Open, and ours. `whole`: also look at all of its content.
Result<Database> open_database(const fs::path& path, bool whole) {
  ASSIGN_OR_RETURN(Database database, Database::open(path));
  RETURN_IF_ERROR(prepare_chat_schema(database));
  if (whole) RETURN_IF_ERROR(check_content(database));
  database.tidy_on_close(true);
  return database;
}

/// Replaces the file by the salvaged one; what there is to tell.
Result<std::string> put_in_place(const fs::path& path, const Salvaged& salvaged, const Error& damage) {
  ASSIGN_OR_RETURN(const std::optional<fs::path> kept, finish_salvage(path));
  return fmt::format("{}; {} chats with {} turns could be read and are in a new file, the damaged one is kept as {}",
                     damage.to_string(), salvaged.n_chats, salvaged.n_turns, kept.value_or(path).string());
}

Result<std::string> replace_damaged(const fs::path& path, const Error& damage) {
  auto salvaged = salvage(path);
  if (!salvaged) {
    return std::move(salvaged).error().while_doing(
        fmt::format("{} (what can be read of it could not be moved to a new file)", damage.to_string()));
  }
  return put_in_place(path, *salvaged, damage);
}

/// The largest id ever given to a turn, as SQLite sees the file; 0 when it sees none. Changes nothing.
std::int64_t last_turn_seen(const fs::path& path) {
  const auto database = Database::open(path);
  if (!database) return 0;
  const auto last = database->number("SELECT seq FROM sqlite_sequence WHERE name = 'turns'");
  return last ? *last : 0;
}

/// SQLite ends reading a log where it is damaged, and writes over the rest. Before it can do that: the pages say
/// whether there are turns behind that place. (Else the log ends with a commit that never was one.)
Result<void> recover_log(const fs::path& path, std::vector<std::string>& notes) {
  ASSIGN_OR_RETURN(const bool cut_short, log_is_cut_short(path));
  if (!cut_short) return {};
  ASSIGN_OR_RETURN(const Salvaged salvaged, salvage(path));
  if (salvaged.max_turn <= last_turn_seen(path)) {
    drop_salvaged(path);
    return {};
  }
  ASSIGN_OR_RETURN(std::string note,
                   put_in_place(path, salvaged, corrupt(fmt::format("{}: its log (-wal) is damaged", path.string()))));
  notes.push_back(std::move(note));
  return {};
}

/// With the folder to ourselves. Adds to `notes`.
Result<Database> open_alone(const fs::path& path, std::vector<std::string>& notes) {
  ASSIGN_OR_RETURN(const std::optional<fs::path> kept, finish_salvage(path));
  if (kept) {
    notes.push_back(fmt::format("{}: was damaged; what could be read is in a new file, the damaged one is kept as {}",
                                path.string(), kept->string()));
  }
  RETURN_IF_ERROR(make_private_file(path));
  RETURN_IF_ERROR(recover_log(path, notes));
  auto seen = look_at_bytes(path);
  Result<Database> database = seen ? open_database(path, /*whole=*/true) : Result<Database>(seen.error());
  if (database || database.error().code() != ErrorCode::kCorrupt) return database;
  ASSIGN_OR_RETURN(std::string note, replace_damaged(path, database.error()));
  notes.push_back(std::move(note));
  return open_database(path, /*whole=*/true);
}

}  // namespace

Result<ChatFile> open_chat_file(const fs::path& dir) {
  std::error_code failed;
  fs::path path = dir / "chats.sqlite";
  if (fs::exists(path, failed)) {
    fs::path whole = fs::canonical(path, failed);  // where SQLite puts its log, too
    if (failed == std::errc::not_enough_memory) return out_of_memory("out of memory");
    if (!failed) path = std::move(whole);
  }
  ASSIGN_OR_RETURN(DirLock lock, DirLock::open(path.parent_path()));
  std::vector<std::string> notes;
  if (lock.try_exclusive()) {
    ASSIGN_OR_RETURN(Database database, open_alone(path, notes));
    lock.share();
    return ChatFile{std::move(lock), std::move(database), std::move(notes)};
  }
  lock.share();
  RETURN_IF_ERROR(make_private_file(path));
  auto database = open_database(path, /*whole=*/false);
  if (database) return ChatFile{std::move(lock), std::move(*database), std::move(notes)};
  if (database.error().code() != ErrorCode::kCorrupt) return database.error();
  return corrupt(
      fmt::format("{}, and another carat has it open; close that one and start again: what can be read then "
                  "goes into a new file",
                  database.error().to_string()));
}

}  // namespace carat::store
