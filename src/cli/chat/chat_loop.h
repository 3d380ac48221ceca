#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/attach/attachments.h"
#include "cli/chat/chat_log.h"
#include "cli/chat/conversation.h"
#include "cli/chat/slash_commands.h"
#include "cli/term/interrupts.h"
#include "cli/term/line_history.h"
#include "cli/term/line_reader.h"
#include "cli/term/terminal.h"

namespace carat::cli {

/// What a chat at a prompt works with; all of it outlives the loop.
struct ChatParts {
  Conversation& conversation;
  const tokenizer::Tokenizer& tokenizer;
  ChatLog& log;
  ChatStorage& storage;
  LineReader& reader;
  LineHistory& history;
  Interrupts& interrupts;
  /// The view of the next answer; `show_thoughts` as /think show has it.
  std::function<std::unique_ptr<AnswerView>(bool show_thoughts)> view;
};

/// The conversation of a person at a prompt: messages, slash commands, Ctrl-C. Answers go to stdout by the views,
/// everything said about them to stderr. Commands are in chat_loop_commands.cc.
class ChatLoop {
 public:
  explicit ChatLoop(const ChatParts& parts);

  /// Until the person leaves. Errors: stdout that cannot be written, input that cannot be read.
  Result<void> run();
  /// The end of the chat that was loaded, so that a person knows where it stood.
  Result<void> show_last_turns();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Next { kGoOn, kLeave };
  /// By /edit: the turn that the next message takes the place of, and the files it had, as text.
  struct Edit {
    std::optional<std::size_t> turn;
    std::string files;
    std::vector<std::string> file_names;
  };
  /// A message that did not fit, for /edit.
  struct Refused {
    std::string typed;
    Edit edit;
  };

  // chat_loop.cc
  Result<Next> read_message();
  Next on_interrupt();
  Result<Next> on_line(const std::string& line);
  Result<Next> send(const std::string& typed);
  Result<Next> answer(std::size_t n_before, const ConversationPrompt& prompt);
  void explain_end(const ConversationAnswer& answer) const;
  /// The prompt that a message with the waiting files would make. Errors: Conversation::prompt's.
  Result<ConversationPrompt> prompt_with(const ChatTurn& message) const;
  ChatTurn message_of_files(const std::string& typed) const;
  std::string file_names() const;
  /// What belongs to the chat that is left.
  void forget_message();
  /// The next message is a new one again.
  void forget_edit() { edit_ = {}; }
  void give_up_edit();
  void save_history(const std::string& text);
  void say_notes();
  void note(std::string_view text) const;
  void problem(const Error& error) const;

  // chat_loop_commands.cc
  Result<Next> run_command(const SlashLine& command);
  void help() const;
  void think(const std::string& argument);
  void thoughts() const;
  void system(const std::string& argument);
  void add_file(const std::string& path);
  Result<Next> retry();
  Result<Next> edit();
  Result<Next> edit_text_of(const std::string& typed);
  void stats() const;
  void save(const std::string& name);
  Result<void> load(const std::string& name);
  void list() const;
  void start_new();
  void export_to(const std::string& path) const;

  ChatParts parts_;
  Style style_;  ///< of stderr
  bool show_thoughts_ = false;
  bool interrupted_ = false;                     ///< Ctrl-C at the prompt, and nothing since
  std::optional<Clock::time_point> stopped_at_;  ///< Ctrl-C stopped an answer
  std::string initial_;                          ///< typed already on the next line
  Edit edit_;
  std::optional<Refused> refused_;
  std::vector<Attachment> files_;           ///< of the next message
  std::optional<ConversationAnswer> last_;  ///< for /stats
};

/// Switches thinking off in a chat that comes from a model that can think to one that cannot.
void drop_thinking(ChatLog& log, chat::ChatFormat format);

/// "#12  plans  3 turns  …": a table of chats.
std::string chat_table(const std::vector<ChatInfo>& chats);

}  // namespace carat::cli
