#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/chat_store.h"

namespace carat::cli {

using store::ChatId;
using store::ChatInfo;
using store::ChatTurn;
using store::StoredTurn;
using store::TurnId;

/// Where chats are kept, as a conversation needs it; the calls mean what those of store::ChatStore mean.
class ChatStorage {
 public:
  virtual ~ChatStorage() = default;
  virtual Result<ChatId> create(std::string_view model, std::string_view system, bool think) = 0;
  virtual Result<TurnId> append(ChatId chat, std::optional<TurnId> parent, const ChatTurn& turn) = 0;
  virtual Result<std::vector<StoredTurn>> path(ChatId chat) = 0;
  virtual Result<std::vector<StoredTurn>> children(ChatId chat, std::optional<TurnId> parent) = 0;
  virtual Result<void> rename(ChatId chat, std::string_view name) = 0;
  virtual Result<void> set_model(ChatId chat, std::string_view model) = 0;
  virtual Result<void> set_system(ChatId chat, std::string_view system) = 0;
  virtual Result<void> set_think(ChatId chat, bool think) = 0;
  virtual Result<std::vector<ChatInfo>> list() = 0;
  virtual Result<ChatInfo> find(std::string_view name_or_id) = 0;
  virtual Result<std::optional<ChatInfo>> latest() = 0;
};

/// The user's chats on disk. The file is opened by the first call that needs it, and tried again by every call after
/// one that failed, so that a home that was read-only or full does not stay so.
class StoredChats final : public ChatStorage {
 public:
  explicit StoredChats(store::Environment environment) : environment_(std::move(environment)) {}

  Result<ChatId> create(std::string_view model, std::string_view system, bool think) override;
  Result<TurnId> append(ChatId chat, std::optional<TurnId> parent, const ChatTurn& turn) override;
  Result<std::vector<StoredTurn>> path(ChatId chat) override;
  Result<std::vector<StoredTurn>> children(ChatId chat, std::optional<TurnId> parent) override;
  Result<void> rename(ChatId chat, std::string_view name) override;
  Result<void> set_model(ChatId chat, std::string_view model) override;
  Result<void> set_system(ChatId chat, std::string_view system) override;
  Result<void> set_think(ChatId chat, bool think) override;
  Result<std::vector<ChatInfo>> list() override;
  Result<ChatInfo> find(std::string_view name_or_id) override;
  Result<std::optional<ChatInfo>> latest() override;
  Result<void> remove(ChatId chat);

 private:
  Result<store::ChatStore*> store();

  store::Environment environment_;
  std::optional<store::ChatStore> store_;
};

/// Chats of this process alone: --no-save, and tests.
class MemoryChats final : public ChatStorage {
 public:
  /// Every call that would write fails with this until it is nothing again.
  void fail_with(std::optional<Error> error) { failure_ = std::move(error); }
  /// All turns of a chat, alternatives too, in the order they came.
  const std::vector<StoredTurn>& all_turns(ChatId chat) const { return chats_[index_of(chat)].turns; }

  Result<ChatId> create(std::string_view model, std::string_view system, bool think) override;
  Result<TurnId> append(ChatId chat, std::optional<TurnId> parent, const ChatTurn& turn) override;
  Result<std::vector<StoredTurn>> path(ChatId chat) override;
  Result<std::vector<StoredTurn>> children(ChatId chat, std::optional<TurnId> parent) override;
  Result<void> rename(ChatId chat, std::string_view name) override;
  Result<void> set_model(ChatId chat, std::string_view model) override;
  Result<void> set_system(ChatId chat, std::string_view system) override;
  Result<void> set_think(ChatId chat, bool think) override;
  Result<std::vector<ChatInfo>> list() override;
  Result<ChatInfo> find(std::string_view name_or_id) override;
  Result<std::optional<ChatInfo>> latest() override;

 private:
  struct Chat {
    ChatInfo info;
    std::vector<StoredTurn> turns;
    std::uint64_t touched = 0;
  };
  static std::size_t index_of(ChatId chat) { return static_cast<std::size_t>(chat - 1); }
  Result<Chat*> writable(ChatId chat);

  std::optional<Error> failure_;
  std::vector<Chat> chats_;
  TurnId n_turns_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace carat::cli
