#include "cli/commands/ask.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>

#include "chat/render.h"
#include "cli/answer_limits.h"
#include "cli/answer_stream.h"
#include "cli/attach/attachments.h"
#include "cli/chat_model.h"
#include "cli/engine_options.h"
#include "cli/loaded_engine.h"
#include "cli/model_argument.h"
#include "cli/option_ranges.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/sampling_options.h"
#include "cli/stop_ids.h"
#include "cli/term/progress.h"
#include "cli/term/terminal_guard.h"
#include "formats/printable.h"

namespace carat::cli {
namespace {

using tokenizer::TokenId;

constexpr std::size_t kMaxPromptBytes = std::size_t{64} << 20;

struct AskOptions {
  std::vector<std::string> words;  ///< joined by blanks; "-" or none: stdin
  std::string system;
  bool think = false;
  std::int64_t max_tokens = 0;  ///< 0 = as max_answer_tokens
  std::vector<std::string> stop;
  std::vector<std::string> files;
  std::vector<std::string> repos;
  bool json = false;
  bool json_lines = false;
  SamplingOptions sampling;
  EngineOptions engine;
};

/// What is to be answered: its ids, and how the reply is read.
struct Question {
  std::vector<TokenId> ids;
  std::vector<TokenId> stop_ids;
  std::optional<chat::ReplyParser> parser;  ///< nothing for a base model
};

Result<std::string> prompt_text(const std::vector<std::string>& words) {
  if (words.empty() && isatty(STDIN_FILENO) != 0) {
    return invalid_argument("there is nothing to ask; write it after ask, or send it to stdin");
  }
  if (words.empty()) return read_stdin(kMaxPromptBytes);
  std::string text;
  bool stdin_read = false;
  for (const std::string& word : words) {
    if (!text.empty()) text += stdin_read || word == "-" ? "\n" : " ";
    if (word != "-" || stdin_read) {
      text += word;
      continue;
    }
    ASSIGN_OR_RETURN(const std::string piped, read_stdin(kMaxPromptBytes));
    text += piped;
    stdin_read = true;
  }
  return text;
}

Result<std::vector<Attachment>> attachments_of(const AskOptions& options) {
  std::vector<Attachment> attachments;
  for (const std::string& path : options.files) {
    ASSIGN_OR_RETURN(Attachment file, read_attachment(path));
    attachments.push_back(std::move(file));
  }
  for (const std::string& folder : options.repos) {
    ASSIGN_OR_RETURN(std::vector<Attachment> repo, read_repo_attachments(folder));
    std::move(repo.begin(), repo.end(), std::back_inserter(attachments));
  }
  return attachments;
}

/// What each file costs, so that one that is too much can be left out.
void say_token_counts(const std::vector<Attachment>& attachments, const tokenizer::Tokenizer& tokenizer) {
  std::uint64_t total = 0;
  for (const Attachment& attachment : attachments) {
    const std::uint64_t n = tokenizer.encode(quoted(attachment)).size();
    total += n;
    say(fmt::format("{}: {} tokens", formats::printable(attachment.name), grouped(n)));
  }
  if (attachments.size() > 1) say(fmt::format("{} files: {} tokens", attachments.size(), grouped(total)));
}

std::unique_ptr<AnswerWriter> answer_writer(const AskOptions& options, bool chat) {
  if (options.json) return std::make_unique<JsonWriter>();
  if (options.json_lines) return std::make_unique<JsonLinesWriter>();
  return std::make_unique<TextWriter>(
      TextWriter::Options{terminal_of(STDOUT_FILENO), terminal_of(STDERR_FILENO), chat});
}

Result<Question> chat_question(chat::ChatFormat format, const AskOptions& options, std::string text,
                               const tokenizer::Tokenizer& tokenizer) {
  chat::Request request;
  if (!options.system.empty()) request.messages.push_back({.role = "system", .content = options.system});
  request.messages.push_back({.role = "user", .content = std::move(text)});
  request.options = {.add_generation_prompt = true, .enable_thinking = options.think};
  ASSIGN_OR_RETURN(const chat::Prompt prompt, chat::render(format, request));
  Question question;
  ASSIGN_OR_RETURN(question.ids, chat::encode(prompt, tokenizer));
  question.parser.emplace(
      tokenizer, chat::ReplyOptions{.starts_in_thought = prompt.ends_in_thought, .keep_thinking = options.think});
  return question;
}

/// A base model continues the text as it stands; white space at its end belongs to the next word, so it stays.
Result<Question> plain_question(const AskOptions& options, const std::string& text,
                                const tokenizer::Tokenizer& tokenizer) {
  if (!options.system.empty() || options.think) {
    return invalid_argument("--system and --think need a chat model; this one is a base model without a chat template");
  }
  say("a base model without a chat template: it continues the text");
  Question question;
  if (tokenizer.bos() >= 0) question.ids.push_back(tokenizer.bos());
  const std::vector<TokenId> ids = tokenizer.encode(text);
  question.ids.insert(question.ids.end(), ids.begin(), ids.end());
  return question;
}

/// Prompt and answer together, or what was asked for. Refuses before anything is loaded.
Result<std::int64_t> context_for(const AskOptions& options, std::int64_t n_prompt, std::int64_t max_tokens,
                                 const model::ModelConfig& config) {
  const std::int64_t limit = config.context_length;
  RETURN_IF_ERROR(check_context(options.engine.context, config));
  const std::int64_t context =
      options.engine.context > 0 ? options.engine.context : std::min(limit, n_prompt + max_tokens);
  if (n_prompt >= context && context == limit) {
    return limit_exceeded(fmt::format(
        "prompt is {} tokens, context is {}, the most {} was made for: shorten the prompt or leave out files", n_prompt,
        context, config.name));
  }
  if (n_prompt >= context) {
    return limit_exceeded(fmt::format(
        "prompt is {} tokens, context is {}: shorten the prompt or ask for a larger --context", n_prompt, context));
  }
  if (n_prompt + options.max_tokens > context) {
    return limit_exceeded(
        fmt::format("prompt is {} tokens and --max-tokens asks for {} more, context is {}: lower one of them", n_prompt,
                    options.max_tokens, context));
  }
  return context;
}

Result<void> ask(const AskOptions& options) {
  using Clock = std::chrono::steady_clock;
  const auto ms_between = [](Clock::time_point a, Clock::time_point b) {
    return std::chrono::duration<double, std::milli>(b - a).count();
  };

  RETURN_IF_ERROR(validate(options.engine));
  ASSIGN_OR_RETURN(auto stop_strings, runtime::StopStrings::create(options.stop));
  ASSIGN_OR_RETURN(const std::vector<Attachment> attachments, attachments_of(options));
  ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(options.engine.model));
  ASSIGN_OR_RETURN(model::Checkpoint checkpoint, open_runnable(path));
  ASSIGN_OR_RETURN(const auto sampling,
                   sampling_params(options.sampling, checkpoint.source, checkpoint.config.vocab_size));
  ASSIGN_OR_RETURN(std::string text, prompt_text(options.words));
  ASSIGN_OR_RETURN(model::PackedCopy copy, look_for_copy(checkpoint, options.engine.cache));
  ASSIGN_OR_RETURN(const tokenizer::Tokenizer tokenizer, copy.tokenizer(checkpoint.source));

  say_token_counts(attachments, tokenizer);
  text = with_attachments(attachments, text);

  const auto format = chat_format_of(checkpoint.source, checkpoint.config);
  if (format && text.empty()) {  // a base model may begin from nothing
    return invalid_argument("the question is empty; write it after ask, or send it to stdin");
  }
  ASSIGN_OR_RETURN(Question question, format ? chat_question(*format, options, std::move(text), tokenizer)
                                             : plain_question(options, text, tokenizer));
  question.stop_ids = stop_ids(checkpoint.config, tokenizer, format.has_value());
  const auto n_prompt = static_cast<std::int64_t>(question.ids.size());
  const std::int64_t max_tokens = max_answer_tokens(options.max_tokens, format.has_value());
  ASSIGN_OR_RETURN(const std::int64_t context, context_for(options, n_prompt, max_tokens, checkpoint.config));

  ASSIGN_OR_RETURN(const auto loaded, LoadedEngine::load(std::move(checkpoint), std::move(copy), options.engine,
                                                         context, tokenizer.memory_bytes()));
  runtime::Session session(loaded->engine());
  RETURN_IF_ERROR(session.append(question.ids));

  // The text may be in a colour at any moment.
  const TerminalGuard guard({.colour = terminal_of(STDOUT_FILENO).colour, .ctrl_c = true});
  const std::unique_ptr<AnswerWriter> writer = answer_writer(options, format.has_value());
  AnswerStream stream(tokenizer, std::move(question.parser), std::move(stop_strings), *writer);

  const Clock::time_point start = Clock::now();
  std::optional<Clock::time_point> first;
  runtime::GenerateRequest request{
      .session = &session, .sampling = sampling, .stop_ids = question.stop_ids, .max_tokens = max_tokens};
  Progress reading("reading the prompt");
  request.prompt_progress = [&](std::int64_t n_done, std::int64_t n_all) {
    reading.at(static_cast<std::uint64_t>(n_done), static_cast<std::uint64_t>(n_all));
  };
  request.sink = [&](const runtime::GeneratedToken& token) {
    if (!first) first = Clock::now();
    reading.clear();
    return stream.push(token.id);
  };
  ASSIGN_OR_RETURN(const runtime::GenerateResult result, runtime::generate(request));
  const Clock::time_point end = Clock::now();
  RETURN_IF_ERROR(stream.finish(result.stop_id));

  return writer->end({.reason = result.reason,
                      .stop_string = std::string(stream.stop_string()),
                      .n_prompt_tokens = n_prompt,
                      .n_tokens = static_cast<std::int64_t>(result.tokens.size()),
                      .prompt_ms = ms_between(start, first.value_or(end)),
                      .generate_ms = ms_between(first.value_or(end), end)});
}

}  // namespace

Action add_ask(CLI::App& command) {
  auto options = std::make_shared<AskOptions>();
  command.add_option("PROMPT", options->words, "what to ask; - or nothing reads stdin");
  command.add_option("--system", options->system, "a system message");
  command.add_flag("--think", options->think, "let the model think first; its thoughts go to stderr");
  at_least_one(command.add_option("--max-tokens", options->max_tokens,
                                  "end after this many tokens (default 8192; base models 200)"));
  command.add_option("--stop", options->stop, "end the answer before this text; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--file", options->files, "a text file before the question; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--repo", options->repos, "every text file of a folder, as its .gitignore has it")
      ->type_name("DIR")
      ->allow_extra_args(false);
  CLI::Option* json = command.add_flag("--json", options->json, "one JSON object when the answer is complete");
  command.add_flag("--json-lines", options->json_lines, "one JSON object a line: text, thinking, tool_call, end")
      ->excludes(json);
  add_sampling_options(command, options->sampling);
  add_engine_options(command, options->engine);
  return [options] { return ask(*options); };
}

}  // namespace carat::cli
