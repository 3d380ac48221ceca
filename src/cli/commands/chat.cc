#include "cli/commands/chat.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/answer_limits.h"
#include "cli/chat/chat_loop.h"
#include "cli/chat/chat_view.h"
#include "cli/chat/pipe_chat.h"
#include "cli/chat/plain_view.h"
#include "cli/chat_model.h"
#include "cli/engine_options.h"
#include "cli/loaded_engine.h"
#include "cli/model_argument.h"
#include "cli/option_ranges.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/sampling_options.h"
#include "cli/stop_ids.h"
#include "cli/term/confirm.h"
#include "cli/term/line_editor.h"
#include "cli/term/plain_line_reader.h"
#include "cli/term/safe_text.h"

namespace carat::cli {
namespace {

// Where --context does not say otherwise: hours of talk, and little memory.
constexpr std::int64_t kContext = 8192;

struct ChatOptions {
  std::string model;  ///< the argument; --model is the engine's
  std::string system;
  bool think = false;
  std::int64_t max_tokens = 0;  ///< 0 = as max_answer_tokens
  std::vector<std::string> stop;
  bool resume = false;
  std::string load;
  bool list = false;
  std::string rm;
  bool yes = false;  ///< with rm: do not ask
  bool json = false;
  bool json_lines = false;
  bool no_save = false;
  SamplingOptions sampling;
  EngineOptions engine;
};

Result<void> list_chats(ChatStorage& storage, bool as_json) {
  ASSIGN_OR_RETURN(const std::vector<ChatInfo> chats, storage.list());
  if (!as_json) {
    if (chats.empty()) say("there are no chats yet; carat chat begins one");
    return chats.empty() ? Result<void>() : write_stdout(chat_table(chats));
  }
  Json all = Json::array();
  for (const ChatInfo& chat : chats) {
    all.push_back({{"id", chat.id},
                   {"name", chat.name.empty() ? Json() : Json(chat.name)},
                   {"model", chat.model},
                   {"system", chat.system},
                   {"think", chat.think},
                   {"created_ms", chat.created_ms},
                   {"updated_ms", chat.updated_ms},
                   {"n_turns", chat.n_turns},
                   {"first_words", chat.first_words}});
  }
  return write_stdout(dump_json(Json{{"chats", std::move(all)}}, 2) + "\n");
}

/// "#3 plans"
std::string label(const ChatInfo& chat) {
  return fmt::format("#{}{}", chat.id, chat.name.empty() ? "" : " " + safe_line(chat.name));
}

Result<void> remove_chat(StoredChats& storage, const ChatOptions& options) {
  ASSIGN_OR_RETURN(const ChatInfo chat, storage.find(options.rm));
  if (!options.yes) {
    ASSIGN_OR_RETURN(
        const bool sure,
        confirm(fmt::format("chat {}: its {} turns would be gone for good", label(chat), chat.n_turns), "Remove it?"));
    if (!sure) return cancelled(fmt::format("chat {} stays", label(chat)));
  }
  RETURN_IF_ERROR(storage.remove(chat.id));
  say(fmt::format("removed chat {}", label(chat)));
  return {};
}

/// The chat that --load or --continue means, or nothing for a new one.
Result<std::optional<ChatInfo>> chosen_chat(ChatStorage& storage, const ChatOptions& options) {
  if (!options.load.empty()) {
    ASSIGN_OR_RETURN(ChatInfo info, storage.find(options.load));
    return std::optional(std::move(info));
  }
  if (!options.resume) return std::optional<ChatInfo>();
  ASSIGN_OR_RETURN(std::optional<ChatInfo> latest, storage.latest());
  if (!latest) return not_found("--continue: there is no chat yet; carat chat without it begins one");
  return latest;
}

Result<std::string> model_argument(const ChatOptions& options, const std::optional<ChatInfo>& chat) {
  if (!options.model.empty() && !options.engine.model.empty()) {
    return invalid_argument("the model is given twice, as MODEL and by --model; leave one out");
  }
  if (!options.model.empty()) return options.model;
  if (!options.engine.model.empty() || !chat) return options.engine.model;
  return chat->model;
}

Result<std::int64_t> context_of(const ChatOptions& options, const model::ModelConfig& config) {
  RETURN_IF_ERROR(check_context(options.engine.context, config));
  return options.engine.context > 0 ? options.engine.context : std::min(kContext, config.context_length);
}

/// Where lines come from: an editor on a terminal, plain lines where it cannot edit. `shown_on`: the terminal's
/// descriptor.
Result<std::unique_ptr<LineReader>> line_reader(int shown_on, const Interrupts& interrupts, Completer completer) {
  const Terminal terminal = terminal_of(shown_on);
  if (!terminal.interactive) {
    return std::unique_ptr<LineReader>(
        std::make_unique<PlainLineReader>(STDIN_FILENO, isatty(shown_on) != 0 ? shown_on : -1, &interrupts.flag()));
  }
  ASSIGN_OR_RETURN(auto editor, LineEditor::create({.out_fd = shown_on,
                                                    .colour = terminal.colour,
                                                    .interrupted = &interrupts.flag(),
                                                    .completer = std::move(completer)}));
  return std::unique_ptr<LineReader>(std::move(editor));
}

/// Names and numbers of the chats, for Tab behind /load.
std::vector<std::string> chat_names(ChatStorage& storage) {
  std::vector<std::string> names;
  if (const auto chats = storage.list()) {
    for (const ChatInfo& chat : *chats) names.push_back(chat.name.empty() ? std::to_string(chat.id) : chat.name);
  }
  return names;
}

std::filesystem::path history_path(const ChatOptions& options) {
  if (options.no_save) return {};
  const auto folder = store::data_dir(store::Environment::of_process());
  return folder ? *folder / "chat_history" : std::filesystem::path();
}

/// A person at a terminal.
Result<void> talk(const ChatOptions& options, Conversation& conversation, const tokenizer::Tokenizer& tokenizer,
                  ChatLog& log, ChatStorage& storage) {
  const int shown_on = isatty(STDOUT_FILENO) != 0 ? STDOUT_FILENO : STDERR_FILENO;
  Interrupts interrupts;
  const char* home = std::getenv("HOME");
  ASSIGN_OR_RETURN(const auto reader, line_reader(shown_on, interrupts, [&storage, home](std::string_view before) {
                     const bool names = before.starts_with("/load ");
                     return complete_slash(before, names ? chat_names(storage) : std::vector<std::string>(),
                                           home == nullptr ? "" : home);
                   }));
  LineHistory history(history_path(options));
  if (auto loaded = history.load(); !loaded) say(loaded.error().to_string());
  for (const std::string& entry : history.entries()) reader->remember(entry);

  std::unique_ptr<AnswerWriter> plain;
  const auto view = [&](bool show_thoughts) -> std::unique_ptr<AnswerView> {
    const Terminal terminal = terminal_of(STDOUT_FILENO);
    if (isatty(STDOUT_FILENO) != 0 && !options.json_lines) {
      return std::make_unique<ChatView>(ChatView::Options{terminal, show_thoughts});
    }
    plain = options.json_lines
                ? std::unique_ptr<AnswerWriter>(std::make_unique<JsonLinesWriter>())
                : std::make_unique<TextWriter>(TextWriter::Options{terminal, terminal_of(STDERR_FILENO), true});
    return std::make_unique<PlainView>(*plain);
  };
  ChatLoop loop({conversation, tokenizer, log, storage, *reader, history, interrupts, view});
  if (log.size() > 0) RETURN_IF_ERROR(loop.show_last_turns());
  return loop.run();
}

Result<void> chat(const ChatOptions& options) {
  if (options.list || !options.rm.empty()) {
    StoredChats kept(store::Environment::of_process());
    return options.list ? list_chats(kept, options.json) : remove_chat(kept, options);
  }
  std::unique_ptr<ChatStorage> storage;
  if (options.no_save) {
    storage = std::make_unique<MemoryChats>();
  } else {
    storage = std::make_unique<StoredChats>(store::Environment::of_process());
  }
  RETURN_IF_ERROR(validate(options.engine));
  RETURN_IF_ERROR(runtime::StopStrings::create(options.stop));
  ASSIGN_OR_RETURN(const std::optional<ChatInfo> chosen, chosen_chat(*storage, options));
  ASSIGN_OR_RETURN(const std::string argument, model_argument(options, chosen));
  ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(argument));
  ASSIGN_OR_RETURN(model::Checkpoint checkpoint, open_runnable(path));
  ASSIGN_OR_RETURN(const auto sampling,
                   sampling_params(options.sampling, checkpoint.source, checkpoint.config.vocab_size));
  ASSIGN_OR_RETURN(model::PackedCopy copy, look_for_copy(checkpoint, options.engine.cache));
  ASSIGN_OR_RETURN(const tokenizer::Tokenizer tokenizer, copy.tokenizer(checkpoint.source));
  ASSIGN_OR_RETURN(const std::int64_t context, context_of(options, checkpoint.config));
  const bool taught = has_chat_template(checkpoint.source);
  ConversationOptions talk_options{family_chat_format(checkpoint.config), stop_ids(checkpoint.config, tokenizer, true),
                                   sampling, max_answer_tokens(options.max_tokens, taught), options.stop};
  if (options.think && !has_thinking(talk_options.format)) {
    return invalid_argument("--think: Gemma 3's chat format has no thinking; leave it out or use a Gemma 4 model");
  }

  std::error_code ignored;
  ChatLog log(*storage, std::filesystem::absolute(path, ignored).string());
  if (chosen) RETURN_IF_ERROR(log.load(*chosen));
  drop_thinking(log, talk_options.format);
  if (!options.system.empty()) log.set_system(options.system);
  if (options.think) log.set_think(true);

  const std::string name = checkpoint.config.name;
  ASSIGN_OR_RETURN(const auto loaded, LoadedEngine::load(std::move(checkpoint), std::move(copy), options.engine,
                                                         context, tokenizer.memory_bytes(), true));
  Conversation conversation(loaded->engine(), tokenizer, std::move(talk_options));
  if (!taught) {
    say(
        fmt::format("{} is a base model that was not taught to chat: it answers in its family's chat format as well as "
                    "it can",
                    safe_line(name)));
  }
  Result<void> ended;
  if (isatty(STDIN_FILENO) == 0) {
    ended = pipe_chat(conversation, log, options.json_lines);
  } else {
    say(fmt::format("context {} tokens; /help shows the commands", grouped(static_cast<std::uint64_t>(context))));
    ended = talk(options, conversation, tokenizer, log, *storage);
  }
  const auto saved = log.finish();
  if (ended || saved) return ended ? saved : ended;
  say(safe_line(saved.error().to_string()));
  return ended;
}

}  // namespace

Action add_chat(CLI::App& command) {
  auto options = std::make_shared<ChatOptions>();
  command.add_option("MODEL", options->model, kModelHelp);
  command.add_option("--system", options->system, "a system message for the whole chat");
  command.add_flag("--think", options->think, "let the model think first");
  auto* resume = command.add_flag("--continue", options->resume, "go on with the chat last talked in");
  auto* load = command.add_option("--load", options->load, "go on with this chat, a name or a number")
                   ->type_name("NAME")
                   ->excludes(resume);
  auto* list = command.add_flag("--list", options->list, "the chats there are");
  auto* rm = command.add_option("--rm", options->rm, "remove this chat, a name or a number, with all its turns")
                 ->type_name("NAME")
                 ->excludes(resume)
                 ->excludes(load)
                 ->excludes(list);
  command.add_flag("-y,--yes", options->yes, "with --rm: do not ask")->needs(rm);
  command.add_flag("--json", options->json, "with --list: as JSON")->needs(list);
  command.add_flag("--no-save", options->no_save, "keep nothing of it on disk")->excludes(resume)->excludes(load);
  at_least_one(command.add_option("--max-tokens", options->max_tokens,
                                  "end an answer after this many tokens (default 8192; base models 200)"));
  command.add_option("--stop", options->stop, "end an answer before this text; may be repeated")
      ->allow_extra_args(false);
  command.add_flag("--json-lines", options->json_lines, "one JSON object a line, as ask has them")->excludes(list);
  add_sampling_options(command, options->sampling);
  add_engine_options(command, options->engine);
  command.get_option("--context")->description("tokens of the whole chat; default: 8192, or the model's limit");
  return [options] { return chat(*options); };
}

}  // namespace carat::cli
