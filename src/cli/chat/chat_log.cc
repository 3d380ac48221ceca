#include "cli/chat/chat_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace carat::cli {

ChatLog::ChatLog(ChatStorage& storage, std::string model) : storage_(storage), model_(std::move(model)) {}

Result<void> ChatLog::start() {
  if (failing_) try_to_save();
  if (!unsaved_.empty()) {
    return io_error(
        fmt::format("{} not saved yet and would be lost; /export keeps a copy of this chat, and when there "
                    "is room on the disk again this works",
                    unsaved_.size() == 1 ? "1 turn is" : fmt::format("{} turns are", unsaved_.size())));
  }
  chat_.reset();
  name_.clear();
  path_.clear();
  settings_changed_ = false;
  return {};
}

Result<void> ChatLog::load(const ChatInfo& info) {
  ASSIGN_OR_RETURN(const std::vector<StoredTurn> turns, storage_.path(info.id));
  RETURN_IF_ERROR(start());
  chat_ = info.id;
  name_ = info.name;
  system_ = info.system;
  think_ = info.think;
  settings_changed_ = info.model != model_;  // saved with the next turn
  for (const StoredTurn& stored : turns) {
    path_.push_back(std::make_shared<Node>(Node{stored.turn, path_.empty() ? nullptr : path_.back(), stored.id}));
  }
  return {};
}

std::vector<const ChatTurn*> ChatLog::turns() const {
  std::vector<const ChatTurn*> turns;
  for (const auto& node : path_) turns.push_back(&node->turn);
  return turns;
}

std::vector<const ChatTurn*> ChatLog::turns_before(std::size_t n) const {
  CARAT_CHECK(n <= path_.size());
  std::vector<const ChatTurn*> turns = this->turns();
  turns.resize(n);
  return turns;
}

void ChatLog::add(std::size_t n_before, ChatTurn turn) {
  CARAT_CHECK(n_before <= path_.size());
  path_.resize(n_before);
  auto node = std::make_shared<Node>(Node{std::move(turn), path_.empty() ? nullptr : path_.back(), std::nullopt});
  path_.push_back(node);
  unsaved_.push_back(std::move(node));
  try_to_save();
}

std::size_t ChatLog::n_alternatives(std::size_t n_before) {
  CARAT_CHECK(n_before <= path_.size());
  const std::shared_ptr<Node> parent = n_before == 0 ? nullptr : path_[n_before - 1];
  auto n = static_cast<std::size_t>(
      std::count_if(unsaved_.begin(), unsaved_.end(), [&](const auto& node) { return node->parent == parent; }));
  if (chat_ && (parent == nullptr || parent->id)) {
    const auto saved = storage_.children(*chat_, parent == nullptr ? std::nullopt : parent->id);
    if (saved) n += saved->size();
  }
  return n;
}

void ChatLog::set_system(std::string text) {
  system_ = std::move(text);
  settings_changed_ = chat_.has_value();
  try_to_save();
}

void ChatLog::set_think(bool on) {
  think_ = on;
  settings_changed_ = chat_.has_value();
  try_to_save();
}

Result<void> ChatLog::rename(std::string_view name) {
  RETURN_IF_ERROR(save());
  if (!chat_) {
    ASSIGN_OR_RETURN(chat_, storage_.create(model_, system_, think_));
  }
  RETURN_IF_ERROR(storage_.rename(*chat_, name));
  name_ = name;
  return {};
}

Result<void> ChatLog::save() {
  if (!chat_ && !unsaved_.empty()) {
    ASSIGN_OR_RETURN(chat_, storage_.create(model_, system_, think_));
  }
  if (settings_changed_) {
    RETURN_IF_ERROR(storage_.set_model(*chat_, model_));
    RETURN_IF_ERROR(storage_.set_system(*chat_, system_));
    RETURN_IF_ERROR(storage_.set_think(*chat_, think_));
    settings_changed_ = false;
  }
  while (!unsaved_.empty()) {
    Node& node = *unsaved_.front();
    ASSIGN_OR_RETURN(node.id,
                     storage_.append(*chat_, node.parent == nullptr ? std::nullopt : node.parent->id, node.turn));
    unsaved_.erase(unsaved_.begin());
  }
  return {};
}

Result<void> ChatLog::finish() {
  if (!failing_) return {};
  const auto saved = save();
  if (saved) return {};
  const std::string what = unsaved_.empty()       ? "the settings"
                           : unsaved_.size() == 1 ? "1 turn"
                                                  : fmt::format("{} turns", unsaved_.size());
  return io_error(fmt::format("{} of this chat could not be saved: {}", what, saved.error().to_string()));
}

void ChatLog::try_to_save() {
  const auto saved = save();
  if (saved.has_value() == !failing_) return;
  failing_ = !saved;
  if (failing_) {
    notes_.push_back(fmt::format(
        "this chat cannot be saved: {}; it goes on in memory and is saved when that works again, /export keeps a copy",
        saved.error().to_string()));
  } else {
    notes_.push_back("the chat is saved again, with all its turns");
  }
}

std::vector<std::string> ChatLog::take_notes() { return std::exchange(notes_, {}); }

}  // namespace carat::cli
