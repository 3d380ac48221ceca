#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "cli/chat/chat_loop.h"
#include "cli/chat/chat_view.h"
#include "cli/chat/export.h"
#include "cli/chat/text_editor.h"
#include "cli/chat/turn_details.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/table.h"
#include "cli/term/markdown_view.h"
#include "cli/term/safe_text.h"
#include "cli/term/text_width.h"

namespace carat::cli {
namespace {

// Columns: so that a row fits a terminal.
constexpr int kMaxFirstWords = 36;

std::string count(std::int64_t n) { return grouped(static_cast<std::uint64_t>(n)); }

/// "1,234 in 2.1 s (587 a second)"
std::string rate(std::int64_t n, double ms) {
  std::string text = fmt::format("{} in {:.2f} s", count(n), ms / 1000);
  if (n > 0 && ms > 0) text += fmt::format(" ({:.1f} a second)", static_cast<double>(n) * 1000 / ms);
  return text;
}

/// "~/notes.txt" as a shell takes it.
std::string expanded(const std::string& path) {
  const char* home = std::getenv("HOME");
  return path.starts_with("~/") && home != nullptr ? std::string(home).append(path, 1) : path;
}

std::string when(std::int64_t ms) {
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(ms / 1000)));
}

}  // namespace

void drop_thinking(ChatLog& log, chat::ChatFormat format) {
  if (log.think() && !has_thinking(format)) log.set_think(false);
}

std::string chat_table(const std::vector<ChatInfo>& chats) {
  Table table({{"number", Table::kRight},
               {"name", Table::kLeft},
               {"last turn", Table::kLeft},
               {"turns", Table::kRight},
               {"begins", Table::kLeft}});
  for (const ChatInfo& chat : chats) {
    table.add({std::to_string(chat.id), safe_line(chat.name), when(chat.updated_ms), count(chat.n_turns),
               cut_to_width(safe_line(chat.first_words), kMaxFirstWords)});
  }
  return table.to_string();
}

Result<ChatLoop::Next> ChatLoop::run_command(const SlashLine& command) {
  if (command.id != Slash::kEdit && command.id != Slash::kFile) give_up_edit();
  switch (command.id) {
    case Slash::kHelp:
      help();
      break;
    case Slash::kThink:
      think(command.argument);
      break;
    case Slash::kThoughts:
      thoughts();
      break;
    case Slash::kSystem:
      system(command.argument);
      break;
    case Slash::kFile:
      add_file(command.argument);
      break;
    case Slash::kRetry:
      return retry();
    case Slash::kEdit:
      return edit();
    case Slash::kStats:
      stats();
      break;
    case Slash::kSave:
      save(command.argument);
      break;
    case Slash::kLoad:
      RETURN_IF_ERROR(load(command.argument));
      break;
    case Slash::kList:
      list();
      break;
    case Slash::kNew:
      start_new();
      break;
    case Slash::kExport:
      export_to(command.argument);
      break;
    case Slash::kBye:
      return Next::kLeave;
  }
  return Next::kGoOn;
}

void ChatLoop::help() const {
  std::string text;
  for (const SlashCommand& command : slash_commands()) {
    const std::string usage = fmt::format("{} {}", command.name, command.argument);
    text += fmt::format("  {}{}\n", style_.bold(fmt::format("{:<28}", usage)), command.help);
  }
  text +=
      "\n  Ctrl-C stops an answer, twice leaves. A line that ends in \\ goes on in the next\n"
      "  one, and so does everything between two \"\"\"; Alt-Enter begins a new line; a\n"
      "  paste of many lines is one message. Tab completes commands and file names, arrow\n"
      "  keys bring back what was typed, Ctrl-R searches it.\n";
  write_stderr(text);
}

void ChatLoop::think(const std::string& argument) {
  if (argument == "show" || argument == "fold") {
    show_thoughts_ = argument == "show";
    return note(show_thoughts_ ? "thoughts are shown in full" : "thoughts are folded into one line");
  }
  if (!argument.empty() && argument != "on" && argument != "off") {
    return problem(invalid_argument(fmt::format("/think {}: expected on, off, show or fold", argument)));
  }
  const bool on = argument.empty() ? !parts_.log.think() : argument == "on";
  if (on && !has_thinking(parts_.conversation.options().format)) {
    return problem(invalid_argument("Gemma 3's chat format has no thinking; a Gemma 4 model has"));
  }
  parts_.log.set_think(on);
  note(on ? "the model thinks first, from the next answer on" : "the model answers without thinking first");
}

void ChatLoop::thoughts() const {
  for (std::size_t i = parts_.log.size(); i-- > 0;) {
    const ChatTurn& turn = parts_.log.turn(i);
    if (turn.thinking.empty()) continue;
    write_stderr(style_.dim(safe_text(turn.thinking)) + "\n");
    return;
  }
  note(parts_.log.think() ? "there is no thought yet" : "there is no thought; /think on lets the model think first");
}

void ChatLoop::system(const std::string& argument) {
  if (argument.empty()) {
    const std::string& text = parts_.log.system();
    return note(text.empty() ? "there is no system message; /system TEXT sets one" : "system message: " + text);
  }
  parts_.log.set_system(argument == "-" ? "" : argument);
  note(argument == "-" ? "no system message any more"
                       : "the system message holds for the whole chat, from the next answer on");
}

void ChatLoop::add_file(const std::string& path) {
  if (path.empty()) return problem(invalid_argument("/file needs a path: /file notes.txt; - takes the files back"));
  if (path == "-") {
    note(files_.empty() ? "no file waits for the next message" : fmt::format("left out: {}", file_names()));
    return files_.clear();
  }
  auto file = read_attachment(expanded(path));
  if (!file) return problem(file.error());
  const std::int64_t n = static_cast<std::int64_t>(parts_.tokenizer.encode(quoted(*file)).size());
  // What is left is the context without the chat so far and the files that wait already.
  const auto without = prompt_with(message_of_files(""));
  const std::int64_t used = without ? static_cast<std::int64_t>(without->ids.size()) : parts_.conversation.context();
  const std::int64_t left = parts_.conversation.context() - used;
  if (n >= left) {
    return problem(limit_exceeded(
        fmt::format("{} is {} tokens, of the context of {} are {} left: give a smaller part of it, begin a new chat "
                    "(/new), or start carat with a larger --context",
                    file->name, count(n), count(parts_.conversation.context()), count(left))));
  }
  files_.push_back(std::move(file).value());
  note(fmt::format("{} goes with the next message: {} tokens of the {} that are left", files_.back().name, count(n),
                   count(left)));
}

void ChatLoop::forget_message() {
  last_.reset();
  refused_.reset();
  if (!files_.empty()) note(fmt::format("left out: {}", file_names()));
  files_.clear();
}

Result<ChatLoop::Next> ChatLoop::retry() {
  const std::size_t n = parts_.log.n_answered();
  if (parts_.log.size() == 0) {
    note("there is no message to answer yet");
    return Next::kGoOn;
  }
  if (parts_.conversation.options().sampling.temperature == 0) {
    note("temperature is 0, so the answer will be the same");
  }
  // Of an answered message the answer is the last turn; of another one it is itself.
  const std::size_t n_before = n == parts_.log.size() ? n - 1 : parts_.log.size();
  const auto prompt =
      parts_.conversation.prompt(parts_.log.turns_before(n_before), parts_.log.system(), parts_.log.think());
  if (!prompt) {
    problem(prompt.error());
    return Next::kGoOn;
  }
  return answer(n_before, *prompt);
}

Result<ChatLoop::Next> ChatLoop::edit() {
  if (refused_) {
    edit_ = refused_->edit;
    return edit_text_of(refused_->typed);
  }
  std::size_t last = parts_.log.size();
  while (last > 0 && parts_.log.turn(last - 1).role != "user") --last;
  if (last == 0) {
    note("there is no message to change yet");
    return Next::kGoOn;
  }
  const MessageParts message = message_parts(parts_.log.turn(last - 1));
  edit_ = {last - 1, std::string(message.files), message.file_names};
  return edit_text_of(std::string(message.typed));
}

/// One line is edited at the prompt, more in a text editor if there is one.
Result<ChatLoop::Next> ChatLoop::edit_text_of(const std::string& typed) {
  const std::string editor = text_editor();
  if (typed.find('\n') == std::string::npos || editor.empty() || isatty(STDIN_FILENO) == 0) {
    initial_ = as_typed(typed);
    return Next::kGoOn;
  }
  parts_.reader.release();
  auto edited = edit_text(editor, typed);
  parts_.interrupts.clear();
  if (!edited) {
    problem(edited.error());
    forget_edit();
    return Next::kGoOn;
  }
  if (*edited == typed) {
    forget_edit();
    note("the message is as it was");
    return Next::kGoOn;
  }
  return on_line(*edited);
}

void ChatLoop::stats() const {
  const std::int64_t used = parts_.conversation.n_context_used(), all = parts_.conversation.context();
  note(fmt::format("context: {} of {} tokens used ({} %), {} turns", count(used), count(all), used * 100 / all,
                   parts_.log.size()));
  if (parts_.log.n_unsaved() > 0) note(fmt::format("{} turns are not saved yet", parts_.log.n_unsaved()));
  if (!last_) return;
  const AnswerStats& s = last_->stats;
  note(fmt::format("last prompt: {} tokens, {} of them cached; read {}", count(s.n_prompt_tokens),
                   count(last_->n_cached_tokens), rate(s.n_prompt_tokens - last_->n_cached_tokens, s.prompt_ms)));
  // The first token comes with the prompt's last step.
  note(fmt::format("last answer: {} tokens, generated {}", count(s.n_tokens),
                   rate(std::max<std::int64_t>(0, s.n_tokens - 1), s.generate_ms)));
  if (last_->n_thinking_tokens > 0) note(thought_summary(last_->thinking_ms, last_->n_thinking_tokens));
}

void ChatLoop::save(const std::string& name) {
  if (name.empty()) return problem(invalid_argument("/save needs a name: /save holiday plans"));
  if (auto renamed = parts_.log.rename(name); !renamed) return problem(renamed.error());
  note(fmt::format("this chat is now {}; every turn is saved as it comes", parts_.log.name()));
}

Result<void> ChatLoop::load(const std::string& name) {
  if (name.empty()) {
    problem(invalid_argument("/load needs a name or a number; /list shows them"));
    return {};
  }
  auto info = parts_.storage.find(name.starts_with('#') ? name.substr(1) : name);
  if (!info) {
    problem(info.error());
    return {};
  }
  if (auto loaded = parts_.log.load(*info); !loaded) {
    problem(loaded.error());
    return {};
  }
  forget_message();
  drop_thinking(parts_.log, parts_.conversation.options().format);
  return show_last_turns();
}

Result<void> ChatLoop::show_last_turns() {
  ChatLog& log = parts_.log;
  note(fmt::format("chat {}{}: {} turns", log.id() ? fmt::format("#{}", *log.id()) : "",
                   log.name().empty() ? "" : " " + log.name(), log.size()));
  if (log.size() > 2) note("…");
  const Terminal terminal = terminal_of(STDOUT_FILENO);
  for (std::size_t i = log.size() - std::min<std::size_t>(log.size(), log.size() == parts_.log.n_answered() ? 2 : 1);
       i < log.size(); ++i) {
    const ChatTurn& turn = log.turn(i);
    if (turn.role == "user") {
      const MessageParts message = message_parts(turn);
      for (const std::string& file : message.file_names) note(fmt::format("with {}", file));
      write_stderr(style_.bold(">>> ") + safe_text(message.typed) + "\n");
      continue;
    }
    MarkdownView view({.colour = terminal.colour, .columns = terminal.columns});
    std::string text = terminal.interactive ? view.push(turn.content) + view.finish() : safe_text(turn.content);
    if (!text.ends_with('\n')) text += '\n';
    RETURN_IF_ERROR(write_stdout(text));
    if (was_stopped(turn)) note("(stopped)");
  }
  write_stderr("\n");
  if (log.n_answered() < log.size())
    note("the last message has no answer; /retry answers it, the next one takes its place");
  return {};
}

void ChatLoop::list() const {
  const auto chats = parts_.storage.list();
  if (!chats) return problem(chats.error());
  if (chats->empty()) return note("there are no chats yet");
  write_stderr(chat_table(*chats));
}

void ChatLoop::start_new() {
  if (auto started = parts_.log.start(); !started) return problem(started.error());
  forget_message();
  note("a new chat");
}

void ChatLoop::export_to(const std::string& path) const {
  if (path.empty()) return problem(invalid_argument("/export needs a file: /export chat.md, or chat.json"));
  if (auto written = export_chat(parts_.log, expanded(path)); !written) return problem(written.error());
  note(fmt::format("written to {}", path));
}

}  // namespace carat::cli
