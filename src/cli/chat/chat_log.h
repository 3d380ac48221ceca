#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/chat_storage.h"

namespace carat::cli {

/// The chat that is going on: its turns in memory, and each of them saved as soon as it is there. When saving fails the
/// chat goes on; what is not saved yet is saved, in order, with the next success.
///
///     ChatLog log(storage, "gemma-3-270m");
///     log.add(0, {"user", "Why is the sky blue?"});
///     log.add(1, {"assistant", "Because ..."});
///     log.add(1, {"assistant", "Well, ..."});      // another answer: beside the first one, which stays in the store
///     for (const std::string& note : log.take_notes()) say(note);
class ChatLog {
 public:
  ChatLog(ChatStorage& storage, std::string model);

  /// A new chat with the same settings. The old one stays where it is. Errors: kIo when turns of it cannot be saved;
  /// then nothing has changed, since they would be lost.
  Result<void> start();
  /// Goes on with a stored one, its settings included. Errors: the storage's, and those of start(); then nothing has
  /// changed.
  Result<void> load(const ChatInfo& info);

  /// From the first turn to the last.
  std::vector<const ChatTurn*> turns() const;
  std::size_t size() const { return path_.size(); }
  const ChatTurn& turn(std::size_t i) const { return path_[i]->turn; }
  /// The turns that were answered: a message without an answer is replaced by the next one.
  std::size_t n_answered() const { return size() > 0 && turn(size() - 1).role == "user" ? size() - 1 : size(); }
  /// The first `n` of turns(). REQUIRES: n <= size().
  std::vector<const ChatTurn*> turns_before(std::size_t n) const;

  /// Adds a turn behind the first `n_before`; what stood there is left aside, in the store. REQUIRES: n_before <=
  /// size().
  void add(std::size_t n_before, ChatTurn turn);
  /// How many turns were added behind the first `n_before` so far, in this chat's whole life.
  std::size_t n_alternatives(std::size_t n_before);

  const std::string& model() const { return model_; }
  const std::string& system() const { return system_; }
  bool think() const { return think_; }
  /// Empty until it was given one.
  const std::string& name() const { return name_; }
  std::optional<ChatId> id() const { return chat_; }
  void set_system(std::string text);
  void set_think(bool on);
  /// Errors: the storage's, or that the chat could not be saved at all.
  Result<void> rename(std::string_view name);

  /// Turns in memory alone.
  std::size_t n_unsaved() const { return unsaved_.size(); }
  /// Tries to save what is not. Errors: the storage's.
  Result<void> save();
  /// The last try, when the program ends. Errors: kIo with the number of turns that are lost.
  Result<void> finish();
  /// What there is to be said about saving since the last call: that it stopped working, and that it works again.
  std::vector<std::string> take_notes();

 private:
  struct Node {
    ChatTurn turn;
    std::shared_ptr<Node> parent;
    std::optional<TurnId> id;
  };

  void try_to_save();

  ChatStorage& storage_;
  std::string model_, system_, name_;
  bool think_ = false;
  std::optional<ChatId> chat_;
  std::vector<std::shared_ptr<Node>> path_;
  std::vector<std::shared_ptr<Node>> unsaved_;  ///< parents before children
  bool settings_changed_ = false;
  bool failing_ = false;
  std::vector<std::string> notes_;
};

}  // namespace carat::cli
