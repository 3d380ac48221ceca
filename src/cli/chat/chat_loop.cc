#include "cli/chat/chat_loop.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "cli/chat/turn_details.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/term/message_assembler.h"
#include "cli/term/safe_text.h"

namespace carat::cli {
namespace {

using runtime::FinishReason;

constexpr std::string_view kPrompt = ">>> ", kMorePrompt = "... ";
// Ctrl-C while answering, and again so soon: the person wants to leave.
constexpr std::chrono::seconds kTwice{1};

/// Passes an answer on, and lets the reader take what is typed meanwhile.
class ListeningView final : public AnswerView {
 public:
  ListeningView(AnswerView& view, LineReader& reader) : view_(view), reader_(reader) {}
  void prompt_progress(std::int64_t n_done, std::int64_t n_all) override {
    reader_.take_typed();
    view_.prompt_progress(n_done, n_all);
  }
  void token() override {
    reader_.take_typed();
    view_.token();
  }
  Result<void> event(const chat::ReplyEvent& event) override { return view_.event(event); }
  Result<void> end(const AnswerStats& stats) override { return view_.end(stats); }

 private:
  AnswerView& view_;
  LineReader& reader_;
};

}  // namespace

ChatLoop::ChatLoop(const ChatParts& parts) : parts_(parts), style_(terminal_of(STDERR_FILENO)) {}

void ChatLoop::note(std::string_view text) const { write_stderr(style_.dim(safe_text(text)) + "\n"); }

void ChatLoop::problem(const Error& error) const { write_stderr(style_.yellow(safe_line(error.to_string())) + "\n"); }

void ChatLoop::say_notes() {
  for (const std::string& text : parts_.log.take_notes()) write_stderr(style_.yellow(safe_line(text)) + "\n");
}

Result<void> ChatLoop::run() {
  for (;;) {
    ASSIGN_OR_RETURN(const Next next, read_message());
    say_notes();
    if (next == Next::kLeave) return {};
  }
}

/// Lines until they make a message or a command, and what follows from it.
Result<ChatLoop::Next> ChatLoop::read_message() {
  MessageAssembler message;
  for (;;) {
    ASSIGN_OR_RETURN(const InputLine line,
                     parts_.reader.read(message.begun() ? kMorePrompt : kPrompt, std::exchange(initial_, {})));
    switch (line.kind) {
      case InputLine::Kind::kEnd:
        return Next::kLeave;
      case InputLine::Kind::kInterrupt:
        return on_interrupt();
      case InputLine::Kind::kLine:
        interrupted_ = false;
        if (!message.begun()) {
          const auto command = parse_slash(line.text);
          if (!command) {
            save_history(line.text);
            give_up_edit();
            problem(command.error());
            return Next::kGoOn;
          }
          if (command->has_value()) {
            save_history(line.text);
            return run_command(**command);
          }
        }
        if (!message.add(line.text)) continue;
        return on_line(message_of(message.take()));
    }
  }
}

/// Twice leaves: with nothing between two at the prompt, or so soon after the one that stopped an answer.
ChatLoop::Next ChatLoop::on_interrupt() {
  parts_.interrupts.clear();
  const bool soon = stopped_at_ && Clock::now() - *stopped_at_ < kTwice;
  if (interrupted_ || soon) return Next::kLeave;
  interrupted_ = true;
  forget_edit();
  note("Ctrl-C again or Ctrl-D leaves; /help shows the commands");
  return Next::kGoOn;
}

Result<ChatLoop::Next> ChatLoop::on_line(const std::string& typed) {
  if (typed.find_first_not_of(" \t\n") == std::string::npos) {
    give_up_edit();
    return Next::kGoOn;
  }
  save_history(typed);
  return send(typed);
}

/// Something else was done instead: a later message must not take the place of one that nobody thinks of any more.
void ChatLoop::give_up_edit() {
  if (edit_.turn) note("the message is as it was");
  forget_edit();
}

void ChatLoop::save_history(const std::string& text) {
  if (LineHistory::is_worth_keeping(text)) parts_.reader.remember(text);
  // Arrow keys are a comfort: what cannot be kept for the next time is not worth a word.
  (void)parts_.history.append(text);
}

ChatTurn ChatLoop::message_of_files(const std::string& typed) const {
  std::vector<std::string> names = edit_.file_names;
  for (const Attachment& file : files_) names.push_back(file.name);
  return {"user", edit_.files + with_attachments(files_, typed), {}, message_details(names, typed.size())};
}

Result<ConversationPrompt> ChatLoop::prompt_with(const ChatTurn& message) const {
  std::vector<const ChatTurn*> turns = parts_.log.turns_before(edit_.turn.value_or(parts_.log.n_answered()));
  turns.push_back(&message);
  return parts_.conversation.prompt(turns, parts_.log.system(), parts_.log.think());
}

std::string ChatLoop::file_names() const {
  std::string names;
  for (const Attachment& file : files_) names += (names.empty() ? "" : ", ") + file.name;
  return names;
}

Result<ChatLoop::Next> ChatLoop::send(const std::string& typed) {
  const std::size_t n_before = edit_.turn.value_or(parts_.log.n_answered());
  const ChatTurn turn = message_of_files(typed);
  const auto prompt = prompt_with(turn);
  if (!prompt) {
    problem(prompt.error());
    note("the message is not sent; /edit brings it back");
    if (!files_.empty()) note(fmt::format("with it wait {}; /file - leaves them out", file_names()));
    refused_ = Refused{typed, std::exchange(edit_, {})};
    return Next::kGoOn;
  }
  refused_.reset();
  forget_edit();
  files_.clear();
  parts_.log.add(n_before, turn);
  say_notes();
  return answer(n_before + 1, *prompt);
}

/// Answers the first `n_before` turns, whose prompt this is; an answer that is there already is left aside.
Result<ChatLoop::Next> ChatLoop::answer(std::size_t n_before, const ConversationPrompt& prompt) {
  const auto choice = static_cast<std::uint32_t>(parts_.log.n_alternatives(n_before));
  const std::unique_ptr<AnswerView> shown = parts_.view(show_thoughts_);
  ListeningView view(*shown, parts_.reader);
  parts_.interrupts.clear();
  auto answered = parts_.conversation.answer(prompt, choice, view, &parts_.interrupts.flag());
  const int n_interrupts = parts_.interrupts.count();
  parts_.interrupts.clear();
  if (!answered) {
    problem(answered.error());
    return Next::kGoOn;
  }
  last_ = std::move(answered).value();
  keep_answer(parts_.log, n_before, parts_.conversation.options(), choice, *last_);
  if (n_interrupts > 0) stopped_at_ = Clock::now();
  if (last_->error && last_->error->code() == ErrorCode::kIo) return *last_->error;  // nobody can read on
  if (last_->error) problem(*last_->error);
  explain_end(*last_);
  write_stderr("\n");
  return n_interrupts > 1 ? Next::kLeave : Next::kGoOn;
}

/// An answer that did not end by itself says why, and what to do.
void ChatLoop::explain_end(const ConversationAnswer& answer) const {
  const bool nothing = answer.content.empty() && answer.thinking.empty();
  const auto count = [](std::int64_t n) { return grouped(static_cast<std::uint64_t>(n)); };
  switch (answer.stats.reason) {
    case FinishReason::kCancelled:
      note(nothing ? "(stopped before anything came; /retry answers the message, the next one takes its place)"
                   : "(stopped; the answer is kept as it is, /retry makes another one)");
      break;
    case FinishReason::kMaxTokens:
      note(fmt::format("(stopped after {} tokens; --max-tokens allows more)", count(answer.stats.n_tokens)));
      break;
    case FinishReason::kContextFull:
      note(fmt::format("(the context of {} tokens is full; /new begins a new chat, --context gives more room)",
                       count(parts_.conversation.context())));
      break;
    case FinishReason::kStopToken:
    case FinishReason::kSink:
    case FinishReason::kError:
      if (nothing && !answer.error) note("(the answer is empty; /retry makes another one)");
      break;
  }
}

}  // namespace carat::cli
