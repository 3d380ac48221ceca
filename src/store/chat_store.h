#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/chat_file.h"
#include "store/data_dir.h"

namespace carat::store {

using ChatId = std::int64_t;  ///< never given twice, also not after remove()
using TurnId = std::int64_t;  ///< across all chats; a child's is larger than its parent's

struct ChatTurn {
  std::string role;  ///< user, assistant or tool
  std::string content;
  std::string thinking;
  std::string details;  ///< JSON or empty, as the caller likes: model, sampling, counts, times, attachments
};

struct StoredTurn {
  TurnId id = 0;
  std::optional<TurnId> parent;
  ChatTurn turn;
  std::int64_t created_ms = 0;  ///< since 1970; what came first is said by ids, since clocks jump
};

struct ChatInfo {
  ChatId id = 0;
  std::string name;  ///< by rename(), else empty
  std::string model;
  std::string system;
  bool think = false;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::int64_t n_turns = 0;    ///< of path()
  std::optional<TurnId> head;  ///< the last turn of path()
  std::string first_words;     ///< of the first turn, on one line
};

/// Conversations in DATA_DIR/chats.sqlite (docs/formats/chats.md). A chat is a tree of turns and a head: another answer
/// or an edited question is a sibling, and nothing is ever overwritten.
///
///     ASSIGN_OR_RETURN(ChatStore chats, ChatStore::open(Environment::of_process()));
///     ASSIGN_OR_RETURN(const ChatId chat, chats.create("gemma-3-270m", "", false));
///     ASSIGN_OR_RETURN(const TurnId question, chats.append(chat, std::nullopt, {"user", "Why is the sky blue?"}));
///     ASSIGN_OR_RETURN(const TurnId answer, chats.append(chat, question, {"assistant", "Because ..."}));
///
/// What a call has returned is on the disk and survives a kill -9 at any moment. Every error leaves everything as it
/// was before the call, and the store usable: after a full disk has room again, the same call works. Several processes
/// may use the file at once; one object is for one thread at a time.
///
/// Errors of every call: kIo (a full disk, read-only, in use for longer than sqlite::Database::kBusyMs), kCorrupt (the
/// file turned out damaged; open() then salvages it), kOutOfMemory, kNotFound for a chat or turn that is not there.
class ChatStore {
 public:
  /// Longest content, thinking or details of a turn, and longest system message.
  static constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20;
  static constexpr std::size_t kMaxNameLength = 100;  ///< code points

  /// Creates folder (mode 0700) and file (0600) when they are not there. Errors, as well: kUnsupported when a newer
  /// carat made the file, kInvalidArgument when another program did.
  static Result<ChatStore> open(const Environment& environment);

  const std::filesystem::path& path() const { return file_.database.path(); }
  /// What the user should be told about opening, a sentence each: that a damaged file was salvaged, say.
  const std::vector<std::string>& notes() const { return file_.notes; }

  Result<ChatId> create(std::string_view model, std::string_view system, bool think);
  /// Adds a turn below `parent` (nothing: a first turn) and makes it the head. Errors: kLimit above kMaxTextBytes,
  /// kInvalidArgument for another role.
  Result<TurnId> append(ChatId chat, std::optional<TurnId> parent, const ChatTurn& turn);

  /// From the first turn to the head.
  Result<std::vector<StoredTurn>> path(ChatId chat) const;
  /// The turns of the chat with this parent, oldest first: the alternatives at one place.
  Result<std::vector<StoredTurn>> children(ChatId chat, std::optional<TurnId> parent) const;

  /// Blanks at the ends go. Errors: kInvalidArgument for a name that another chat has, an empty one, one of digits only
  /// (that is an id), control characters, or too long.
  Result<void> rename(ChatId chat, std::string_view name);
  Result<void> set_model(ChatId chat, std::string_view model);
  Result<void> set_system(ChatId chat, std::string_view system);
  Result<void> set_think(ChatId chat, bool think);

  /// The one last talked in first.
  Result<std::vector<ChatInfo>> list() const;
  Result<ChatInfo> info(ChatId chat) const;
  /// By id or by name. Errors: kNotFound, suggesting near misses.
  Result<ChatInfo> find(std::string_view name_or_id) const;
  /// The chat last talked in; nothing when no chat has turns.
  Result<std::optional<ChatInfo>> latest() const;

  /// With all its turns; their bytes are overwritten.
  Result<void> remove(ChatId chat);

 private:
  explicit ChatStore(ChatFile file) : file_(std::move(file)) {}

  ChatFile file_;
};

}  // namespace carat::store
