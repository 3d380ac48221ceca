#include "store/chat_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/bad_alloc.h"
#include "base/file.h"
#include "base/utf8.h"
#include "store/near_miss.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr const char* kTurnColumns =
    "SELECT id, parent, role, content, thinking, details, created_ms, chat FROM turns ";
constexpr const char* kChatColumns =
    "SELECT id, name, model, system, think, created_ms, updated_ms, head, "
    "(SELECT depth FROM turns WHERE turns.id = chats.head AND turns.chat = chats.id), "
    "(SELECT substr(content, 1, 400) FROM turns WHERE turns.chat = chats.id ORDER BY id LIMIT 1) FROM chats ";
constexpr const char* kNextTouch = "(SELECT ifnull(max(touched), 0) + 1 FROM chats)";

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Error no_chat(const Database& database, ChatId chat) {
  return not_found(fmt::format("{}: there is no chat {}", database.path().string(), chat));
}

/// The beginning of a text on one line: runs of blanks, line ends and control characters become one blank.
std::string words_of(std::string_view text) {
  constexpr std::size_t kLength = 60;  // code points
  std::string words;
  std::size_t n = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (c.length == 0) break;
    at += c.length;
    const bool blank = c.value <= ' ' || (c.value >= 0x7f && c.value < 0xa0) || c.value == 0x2028 || c.value == 0x2029;
    if (blank && (words.empty() || words.back() == ' ')) continue;
    if (n == kLength) return words + "…";
    if (blank) {
      words += ' ';
    } else {
      append_utf8(c.value, words);
    }
    ++n;
  }
  if (!words.empty() && words.back() == ' ') words.pop_back();
  return words;
}

StoredTurn turn_of_row(Statement& row) {
  return {
      row.integer(0), row.optional_integer(1), {row.text(2), row.text(3), row.text(4), row.text(5)}, row.integer(6)};
}

ChatInfo info_of_row(Statement& row) {
  ChatInfo info;
  info.id = row.integer(0);
  info.name = row.text(1);
  info.model = row.text(2);
  info.system = row.text(3);
  info.think = row.integer(4) != 0;
  info.created_ms = row.integer(5);
  info.updated_ms = row.integer(6);
  info.head = row.optional_integer(7);
  info.n_turns = row.integer(8);
  info.first_words = words_of(row.text(9));
  return info;
}

template <typename T>
Result<std::vector<T>> rows(Statement statement, T (*of_row)(Statement&)) {
  std::vector<T> all;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, statement.step());
    if (!row) return all;
    all.push_back(of_row(statement));
  }
}

Result<Statement> chats_where(const Database& database, std::string_view rest) {
  return database.prepare(std::string(kChatColumns).append(rest));
}

/// The depth of a turn, if it is one of the chat's.
Result<std::int64_t> depth_of(const Database& database, ChatId chat, TurnId turn) {
  ASSIGN_OR_RETURN(Statement found, database.prepare("SELECT depth FROM turns WHERE id = ?1 AND chat = ?2"));
  found.bind(1, turn);
  found.bind(2, chat);
  ASSIGN_OR_RETURN(const bool row, found.step());
  if (row) return found.integer(0);
  return not_found(fmt::format("{}: chat {} has no turn {}", database.path().string(), chat, turn));
}

/// Makes a turn the head, and the chat the one last talked in.
Result<void> move_head(const Database& database, ChatId chat, TurnId head) {
  ASSIGN_OR_RETURN(Statement update,
                   database.prepare(fmt::format("UPDATE chats SET head = ?2, updated_ms = ?3, touched = {} WHERE id = "
                                                "?1 RETURNING id",
                                                kNextTouch)));
  update.bind(1, chat);
  update.bind(2, head);
  update.bind(3, now_ms());
  ASSIGN_OR_RETURN(const bool there, update.step());
  if (!there) return no_chat(database, chat);
  return update.run();
}

/// Sets one column of a chat.
template <typename Value>
Result<void> set_column(const Database& database, ChatId chat, std::string_view column, const Value& value) {
  ASSIGN_OR_RETURN(Statement update,
                   database.prepare(fmt::format("UPDATE chats SET {} = ?2 WHERE id = ?1 RETURNING id", column)));
  update.bind(1, chat);
  update.bind(2, value);
  ASSIGN_OR_RETURN(const bool there, update.step());
  if (!there) return no_chat(database, chat);
  return update.run();
}

Result<void> check_length(std::string_view what, std::string_view text) {
  if (text.size() <= ChatStore::kMaxTextBytes) return {};
  return limit_exceeded(fmt::format("{}: {} bytes; at most {} are kept", what, text.size(), ChatStore::kMaxTextBytes));
}

Result<void> check_turn(const ChatTurn& turn) {
  if (turn.role != "user" && turn.role != "assistant" && turn.role != "tool") {
    return invalid_argument(fmt::format("a turn's role is user, assistant or tool, not {:.40}", turn.role));
  }
  RETURN_IF_ERROR(check_length("the turn", turn.content));
  RETURN_IF_ERROR(check_length("the turn's thoughts", turn.thinking));
  return check_length("the turn's details", turn.details);
}

/// The name as it is kept.
Result<std::string> checked_name(std::string_view name) {
  const auto first = name.find_first_not_of(" \t"), last = name.find_last_not_of(" \t");
  if (first == std::string_view::npos) return invalid_argument("a chat's name cannot be empty");
  name = name.substr(first, last - first + 1);
  if (!is_valid_utf8(name)) return invalid_argument("a chat's name must be UTF-8");
  const bool control = std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (control) return invalid_argument("a chat's name cannot have control characters or line ends");
  if (name.find_first_not_of("0123456789") == std::string_view::npos) {
    return invalid_argument(fmt::format("{:.40}: a number would be taken for a chat's id; add a letter", name));
  }
  if (count_code_points(name) > ChatStore::kMaxNameLength) {
    return invalid_argument(fmt::format("a chat's name has at most {} characters", ChatStore::kMaxNameLength));
  }
  return std::string(name);
}

std::optional<ChatId> as_id(std::string_view text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  ChatId id = 0;
  for (const char c : text) id = id * 10 + (c - '0');
  return id;
}

}  // namespace

Result<ChatStore> ChatStore::open(const Environment& environment) {
  return no_bad_alloc([&]() -> Result<ChatStore> {
    ASSIGN_OR_RETURN(const fs::path dir, data_dir(environment));
    RETURN_IF_ERROR(create_private_dirs(dir));
    ASSIGN_OR_RETURN(ChatFile file, open_chat_file(dir));
    return ChatStore(std::move(file));
  });
}

Result<ChatId> ChatStore::create(std::string_view model, std::string_view system, bool think) {
  return no_bad_alloc([&]() -> Result<ChatId> {
    RETURN_IF_ERROR(check_length("the system message", system));
    RETURN_IF_ERROR(check_length("the model's name", model));
    ASSIGN_OR_RETURN(Statement insert, file_.database.prepare(fmt::format(
                                           "INSERT INTO chats (model, system, think, created_ms, updated_ms, "
                                           "touched) VALUES (?1, ?2, ?3, ?4, ?4, {})",
                                           kNextTouch)));
    insert.bind(1, model);
    insert.bind(2, system);
    insert.bind(3, std::int64_t{think});
    insert.bind(4, now_ms());
    RETURN_IF_ERROR(insert.run());
    return file_.database.last_insert_id();
  });
}

Result<TurnId> ChatStore::append(ChatId chat, std::optional<TurnId> parent, const ChatTurn& turn) {
  return no_bad_alloc([&]() -> Result<TurnId> {
    RETURN_IF_ERROR(check_turn(turn));
    ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(file_.database));
    std::int64_t depth = 1;
    if (parent) {
      ASSIGN_OR_RETURN(const std::int64_t above, depth_of(file_.database, chat, *parent));
      if (above < 1 || above == std::numeric_limits<std::int64_t>::max()) {
        return corrupt(fmt::format("{}: turn {} has no possible depth", path().string(), *parent));
      }
      depth = above + 1;
    } else {
      RETURN_IF_ERROR(info(chat));
    }
    ASSIGN_OR_RETURN(Statement insert,
                     file_.database.prepare("INSERT INTO turns (chat, parent, depth, role, content, thinking, details, "
                                            "created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
    insert.bind(1, chat);
    insert.bind(2, parent);
    insert.bind(3, depth);
    insert.bind(4, std::string_view(turn.role));
    insert.bind(5, std::string_view(turn.content));
    insert.bind(6, std::string_view(turn.thinking));
    insert.bind(7, std::string_view(turn.details));
    insert.bind(8, now_ms());
    RETURN_IF_ERROR(insert.run());
    const TurnId id = file_.database.last_insert_id();
    RETURN_IF_ERROR(move_head(file_.database, chat, id));
    RETURN_IF_ERROR(transaction.commit());
    return id;
  });
}

Result<std::vector<StoredTurn>> ChatStore::path(ChatId chat) const {
  return no_bad_alloc([&]() -> Result<std::vector<StoredTurn>> {
    ASSIGN_OR_RETURN(const ChatInfo of, info(chat));
    // Up from the head, each parent older than its child: it ends, whatever the file says.
    std::vector<StoredTurn> turns;
    for (std::optional<TurnId> next = of.head; next;) {
      ASSIGN_OR_RETURN(Statement one,
                       file_.database.prepare(std::string(kTurnColumns) + "WHERE id = ?1 AND chat = ?2"));
      one.bind(1, *next);
      one.bind(2, chat);
      ASSIGN_OR_RETURN(std::vector<StoredTurn> found, rows(std::move(one), turn_of_row));
      if (found.empty() || (found[0].parent && *found[0].parent >= found[0].id)) {
        return corrupt(
            fmt::format("{}: turn {} of chat {} is missing or its own ancestor", path().string(), *next, chat));
      }
      next = found[0].parent;
      turns.push_back(std::move(found[0]));
    }
    std::reverse(turns.begin(), turns.end());
    return turns;
  });
}

Result<std::vector<StoredTurn>> ChatStore::children(ChatId chat, std::optional<TurnId> parent) const {
  return no_bad_alloc([&]() -> Result<std::vector<StoredTurn>> {
    RETURN_IF_ERROR(info(chat));
    ASSIGN_OR_RETURN(Statement turns, file_.database.prepare(std::string(kTurnColumns) +
                                                             "WHERE chat = ?1 AND parent IS ?2 ORDER BY id"));
    turns.bind(1, chat);
    turns.bind(2, parent);
    return rows(std::move(turns), turn_of_row);
  });
}

Result<void> ChatStore::rename(ChatId chat, std::string_view name) {
  return no_bad_alloc([&]() -> Result<void> {
    ASSIGN_OR_RETURN(const std::string kept, checked_name(name));
    ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(file_.database));
    ASSIGN_OR_RETURN(Statement same, file_.database.prepare("SELECT id FROM chats WHERE name = ?1 AND id <> ?2"));
    same.bind(1, std::string_view(kept));
    same.bind(2, chat);
    ASSIGN_OR_RETURN(const bool taken, same.step());
    if (taken) {
      return invalid_argument(
          fmt::format("{0}: chat {1} has this name; choose another one, or remove that chat (carat chat --rm {1})",
                      kept, same.integer(0)));
    }
    RETURN_IF_ERROR(set_column(file_.database, chat, "name", std::string_view(kept)));
    return transaction.commit();
  });
}

Result<void> ChatStore::set_model(ChatId chat, std::string_view model) {
  return no_bad_alloc([&]() -> Result<void> {
    RETURN_IF_ERROR(check_length("the model's name", model));
    return set_column(file_.database, chat, "model", model);
  });
}

Result<void> ChatStore::set_system(ChatId chat, std::string_view system) {
  return no_bad_alloc([&]() -> Result<void> {
    RETURN_IF_ERROR(check_length("the system message", system));
    return set_column(file_.database, chat, "system", system);
  });
}

Result<void> ChatStore::set_think(ChatId chat, bool think) {
  return no_bad_alloc([&] { return set_column(file_.database, chat, "think", std::int64_t{think}); });
}

Result<std::vector<ChatInfo>> ChatStore::list() const {
  return no_bad_alloc([&]() -> Result<std::vector<ChatInfo>> {
    ASSIGN_OR_RETURN(Statement chats, chats_where(file_.database, "ORDER BY touched DESC, id DESC"));
    return rows(std::move(chats), info_of_row);
  });
}

Result<ChatInfo> ChatStore::info(ChatId chat) const {
  return no_bad_alloc([&]() -> Result<ChatInfo> {
    ASSIGN_OR_RETURN(Statement chats, chats_where(file_.database, "WHERE id = ?1"));
    chats.bind(1, chat);
    ASSIGN_OR_RETURN(std::vector<ChatInfo> found, rows(std::move(chats), info_of_row));
    if (found.empty()) return no_chat(file_.database, chat);
    return std::move(found[0]);
  });
}

Result<ChatInfo> ChatStore::find(std::string_view name_or_id) const {
  return no_bad_alloc([&]() -> Result<ChatInfo> {
    if (const std::optional<ChatId> id = as_id(name_or_id)) return info(*id);
    ASSIGN_OR_RETURN(std::vector<ChatInfo> chats, list());
    std::vector<std::string> names;
    for (ChatInfo& chat : chats) {
      if (!chat.name.empty() && chat.name == name_or_id) return std::move(chat);
      if (!chat.name.empty()) names.push_back(chat.name);
    }
    const std::vector<std::string> near = near_misses(name_or_id, names);
    return not_found(fmt::format("there is no chat named {:.100}{}", name_or_id,
                                 near.empty() ? std::string() : fmt::format("; did you mean {}?", near[0])));
  });
}

Result<std::optional<ChatInfo>> ChatStore::latest() const {
  return no_bad_alloc([&]() -> Result<std::optional<ChatInfo>> {
    ASSIGN_OR_RETURN(Statement chats, chats_where(file_.database,
                                                  "WHERE EXISTS (SELECT 1 FROM turns WHERE turns.chat = "
                                                  "chats.id) ORDER BY touched DESC, id DESC LIMIT 1"));
    ASSIGN_OR_RETURN(std::vector<ChatInfo> found, rows(std::move(chats), info_of_row));
    if (found.empty()) return std::optional<ChatInfo>();
    return std::optional<ChatInfo>(std::move(found[0]));
  });
}

Result<void> ChatStore::remove(ChatId chat) {
  return no_bad_alloc([&]() -> Result<void> {
    ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(file_.database));
    RETURN_IF_ERROR(info(chat));
    for (const char* sql : {"UPDATE chats SET head = NULL WHERE id = ?1", "DELETE FROM turns WHERE chat = ?1",
                            "DELETE FROM chats WHERE id = ?1"}) {
      ASSIGN_OR_RETURN(Statement statement, file_.database.prepare(sql));
      statement.bind(1, chat);
      RETURN_IF_ERROR(statement.run());
    }
    RETURN_IF_ERROR(transaction.commit());
    // Older images of the pages are in the write-ahead log; when another process reads just now, it will be later.
    (void)file_.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    return {};
  });
}

}  // namespace carat::store
