#include "store/chat_schema.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <thread>

namespace carat::store {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

struct Object {
  const char* name;
  const char* sql;  // as sqlite_schema keeps it: compared with it byte for byte
};

// Do not change: files with exactly these exist. AUTOINCREMENT: an id is never given twice. A parent is older than its
// turn, so no chain of parents goes round. `touched` is a sequence number, since clocks jump.
constexpr std::array<Object, 6> kSchema = {{
    {"chats",
     "CREATE TABLE chats (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, model TEXT NOT NULL, "
     "system TEXT NOT NULL, think INTEGER NOT NULL CHECK (think IN (0, 1)), created_ms INTEGER NOT NULL, "
     "updated_ms INTEGER NOT NULL, touched INTEGER NOT NULL, head INTEGER REFERENCES turns (id) DEFERRABLE INITIALLY "
     "DEFERRED) STRICT"},
    {"chats_by_head", "CREATE INDEX chats_by_head ON chats (head)"},
    {"chats_by_touch", "CREATE INDEX chats_by_touch ON chats (touched)"},
    {"turns",
     "CREATE TABLE turns (id INTEGER PRIMARY KEY AUTOINCREMENT, chat INTEGER NOT NULL REFERENCES chats (id) DEFERRABLE "
     "INITIALLY DEFERRED, parent INTEGER REFERENCES turns (id) DEFERRABLE INITIALLY DEFERRED CHECK (parent < id), "
     "depth INTEGER NOT NULL CHECK (depth > 0), role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'tool')), "
     "content TEXT NOT NULL, thinking TEXT NOT NULL, details TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT"},
    {"turns_by_parent", "CREATE INDEX turns_by_parent ON turns (parent)"},
    {"turns_of_chat", "CREATE INDEX turns_of_chat ON turns (chat)"},
}};

// What SQLite adds by itself: the table behind AUTOINCREMENT, the index behind UNIQUE, statistics when asked for.
bool is_sqlites_own(std::string_view name) { return name.starts_with("sqlite_"); }

/// How many of our tables and indices are there. Errors: kCorrupt when anything else is.
Result<std::size_t> count_schema(const Database& database) {
  ASSIGN_OR_RETURN(Statement objects, database.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name"));
  std::size_t n = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, objects.step());
    if (!row) return n;
    const std::string name = objects.text(0), sql = objects.text(1);
    RETURN_IF_ERROR(objects.status());
    if (is_sqlites_own(name)) continue;
    if (n == kSchema.size() || name != kSchema[n].name || sql != kSchema[n].sql) {
      return corrupt(
          fmt::format("{}: its schema has something that carat did not make: {:.80}", database.path().string(), name));
    }
    ++n;
  }
}

Result<void> create_schema(const Database& database) {
  for (const Object& object : kSchema) RETURN_IF_ERROR(database.run(object.sql));
  const std::string marks =
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kChatApplicationId, kChatSchemaVersion);
  return database.run(marks.c_str());
}

/// Switching a new file to WAL needs it alone for a moment, and SQLite does not wait for that by itself.
Result<void> use_wal(const Database& database) {
  constexpr int kAttempts = 200;
  for (int attempt = 1;; ++attempt) {
    const auto mode = database.words("PRAGMA journal_mode = WAL");
    if (mode && *mode == "wal") return {};
    if (mode) {
      return io_error(
          fmt::format("{}: its file system cannot share memory between processes (SQLite's WAL needs it); "
                      "set XDG_DATA_HOME to a folder on a local disk",
                      database.path().string()));
    }
    if (mode.error().code() != ErrorCode::kIo || attempt == kAttempts) return mode.error();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

Result<void> prepare_chat_schema(const Database& database) {
  ASSIGN_OR_RETURN(const std::int64_t application, database.number("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const std::int64_t version, database.number("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const std::int64_t n_objects, database.number("SELECT count(*) FROM sqlite_schema"));
  const std::string path = database.path().string();
  if (application == kChatApplicationId && version > kChatSchemaVersion) {
    return unsupported(
        fmt::format("{}: a newer carat made it (version {} of its tables, this one reads {}); use that "
                    "one, or set XDG_DATA_HOME to another folder",
                    path, version, kChatSchemaVersion));
  }
  if (n_objects == 0) {
    if (application != 0 && application != kChatApplicationId) {
      return invalid_argument(fmt::format("{}: another program's database; move it away", path));
    }
    RETURN_IF_ERROR(use_wal(database));
    ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
    ASSIGN_OR_RETURN(const std::size_t n_now, count_schema(database));  // another process may have been faster
    if (n_now == 0) RETURN_IF_ERROR(create_schema(database));
    return transaction.commit();
  }
  const auto n_ours = count_schema(database);
  const bool all_ours = n_ours && *n_ours == kSchema.size();
  if (!all_ours && application != kChatApplicationId) {
    if (!n_ours && n_ours.error().code() != ErrorCode::kCorrupt) return n_ours.error();
    return invalid_argument(fmt::format("{}: a database, but not carat's; move it away", path));
  }
  if (!n_ours) return n_ours.error();
  if (!all_ours) return corrupt(fmt::format("{}: some of its tables are missing", path));
  if (application != kChatApplicationId || version != kChatSchemaVersion) {
    return corrupt(fmt::format("{}: its header is damaged", path));
  }
  return use_wal(database);
}

}  // namespace carat::store
