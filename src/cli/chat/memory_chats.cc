#include <fmt/core.h>

#include <algorithm>

#include "cli/chat/chat_storage.h"

namespace carat::cli {
namespace {

Error no_chat(ChatId chat) { return not_found(fmt::format("there is no chat {}", chat)); }

}  // namespace

Result<MemoryChats::Chat*> MemoryChats::writable(ChatId chat) {
  if (failure_) return *failure_;
  if (chat < 1 || index_of(chat) >= chats_.size()) return no_chat(chat);
  return &chats_[index_of(chat)];
}

Result<ChatId> MemoryChats::create(std::string_view model, std::string_view system, bool think) {
  if (failure_) return *failure_;
  ChatInfo info;
  info.id = static_cast<ChatId>(chats_.size()) + 1;
  info.model = model;
  info.system = system;
  info.think = think;
  chats_.push_back({std::move(info), {}, ++clock_});
  return chats_.back().info.id;
}

Result<TurnId> MemoryChats::append(ChatId chat, std::optional<TurnId> parent, const ChatTurn& turn) {
  ASSIGN_OR_RETURN(Chat * at, writable(chat));
  at->turns.push_back({++n_turns_, parent, turn, 0});
  at->info.head = n_turns_;
  at->touched = ++clock_;
  if (at->info.first_words.empty()) at->info.first_words = turn.content.substr(0, 60);
  ASSIGN_OR_RETURN(const std::vector<StoredTurn> path, this->path(chat));
  at->info.n_turns = static_cast<std::int64_t>(path.size());
  return n_turns_;
}

Result<std::vector<StoredTurn>> MemoryChats::path(ChatId chat) {
  if (chat < 1 || index_of(chat) >= chats_.size()) return no_chat(chat);
  const Chat& at = chats_[index_of(chat)];
  std::vector<StoredTurn> path;
  for (std::optional<TurnId> id = at.info.head; id;) {
    const auto turn = std::find_if(at.turns.begin(), at.turns.end(), [&](const StoredTurn& t) { return t.id == *id; });
    path.push_back(*turn);
    id = turn->parent;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

Result<std::vector<StoredTurn>> MemoryChats::children(ChatId chat, std::optional<TurnId> parent) {
  if (chat < 1 || index_of(chat) >= chats_.size()) return no_chat(chat);
  std::vector<StoredTurn> children;
  for (const StoredTurn& turn : chats_[index_of(chat)].turns) {
    if (turn.parent == parent) children.push_back(turn);
  }
  return children;
}

Result<void> MemoryChats::rename(ChatId chat, std::string_view name) {
  ASSIGN_OR_RETURN(Chat * at, writable(chat));
  for (const Chat& other : chats_) {
    if (other.info.name == name && other.info.id != chat) {
      return invalid_argument(fmt::format("{}: another chat has this name; choose another one", name));
    }
  }
  at->info.name = name;
  return {};
}

Result<void> MemoryChats::set_model(ChatId chat, std::string_view model) {
  ASSIGN_OR_RETURN(Chat * at, writable(chat));
  at->info.model = model;
  return {};
}

Result<void> MemoryChats::set_system(ChatId chat, std::string_view system) {
  ASSIGN_OR_RETURN(Chat * at, writable(chat));
  at->info.system = system;
  return {};
}

Result<void> MemoryChats::set_think(ChatId chat, bool think) {
  ASSIGN_OR_RETURN(Chat * at, writable(chat));
  at->info.think = think;
  return {};
}

Result<std::vector<ChatInfo>> MemoryChats::list() {
  std::vector<const Chat*> chats;
  for (const Chat& chat : chats_) chats.push_back(&chat);
  std::sort(chats.begin(), chats.end(), [](const Chat* a, const Chat* b) { return a->touched > b->touched; });
  std::vector<ChatInfo> infos;
  for (const Chat* chat : chats) infos.push_back(chat->info);
  return infos;
}

Result<ChatInfo> MemoryChats::find(std::string_view name_or_id) {
  for (const Chat& chat : chats_) {
    if (chat.info.name == name_or_id || std::to_string(chat.info.id) == name_or_id) return chat.info;
  }
  return not_found(fmt::format("there is no chat {}; /list shows what there is", name_or_id));
}

Result<std::optional<ChatInfo>> MemoryChats::latest() {
  ASSIGN_OR_RETURN(const std::vector<ChatInfo> all, list());
  for (const ChatInfo& info : all) {
    if (info.n_turns > 0) return std::optional(info);
  }
  return std::optional<ChatInfo>();
}

}  // namespace carat::cli
