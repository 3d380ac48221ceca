#include "cli/answer_writer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/output.h"
#include "cli/term/safe_text.h"

namespace carat::cli {
namespace {

using Kind = chat::ReplyEvent::Kind;

constexpr std::string_view kNormal = "\x1b[0m";

Result<void> write_line(const Json& json) { return write_stdout(dump_json(json) + "\n"); }

Json stats_json(const AnswerStats& stats) {
  return {{"reason", end_reason(stats)},
          {"stop_string", stats.stop_string.empty() ? Json() : Json(stats.stop_string)},
          {"n_prompt_tokens", stats.n_prompt_tokens},
          {"n_tokens", stats.n_tokens},
          {"prompt_ms", stats.prompt_ms},
          {"generate_ms", stats.generate_ms}};
}

/// " at 40.2 a second". The first token comes with the prompt's last step, so the others make the rate.
std::string rate_text(const AnswerStats& stats) {
  if (stats.n_tokens < 2 || stats.generate_ms <= 0) return "";
  return fmt::format(" at {:.1f} a second", static_cast<double>(stats.n_tokens - 1) * 1000 / stats.generate_ms);
}

}  // namespace

std::string_view end_reason(const AnswerStats& stats) {
  if (!stats.stop_string.empty()) return "stop_string";
  switch (stats.reason) {
    case runtime::FinishReason::kStopToken:
    case runtime::FinishReason::kSink:
      return "stop";
    case runtime::FinishReason::kMaxTokens:
      return "max_tokens";
    case runtime::FinishReason::kContextFull:
      return "context_full";
    case runtime::FinishReason::kCancelled:
      return "cancelled";
    case runtime::FinishReason::kError:
      return "error";
  }
  return "error";
}

TextWriter::TextWriter(const Options& options) : options_(options) {
  if (options.markdown && options.out.interactive) {
    markdown_.emplace(MarkdownView::Options{.colour = options.out.colour, .columns = options.out.columns});
  }
}

Result<void> TextWriter::write(const std::string& text) {
  if (text.empty()) return {};
  // An escape sequence at the end changes no column.
  const std::string_view visible =
      std::string_view(text).substr(0, text.size() - (text.ends_with(kNormal) ? kNormal.size() : 0));
  if (!visible.empty()) ends_in_newline_ = visible.back() == '\n';
  return write_stdout(text);
}

void TextWriter::write_thought(std::string_view text) {
  const bool terminal = options_.err.interactive;
  if (!thought_open_ && !terminal) write_stderr("[thinking] ");
  thought_open_ = true;
  write_stderr(options_.err.attached ? Style(options_.err).dim(safe_text(text)) : std::string(text));
}

void TextWriter::end_thought() {
  if (thought_open_) write_stderr(options_.err.interactive ? "\n\n" : "\n[/thinking]\n");
  thought_open_ = false;
}

Result<void> TextWriter::event(const chat::ReplyEvent& event) {
  if (event.kind == Kind::kThinking) {
    write_thought(event.text);
    return {};
  }
  end_thought();
  switch (event.kind) {
    case Kind::kText:
      if (markdown_) return write(markdown_->push(event.text));
      return write(options_.out.attached ? safe_text(event.text) : event.text);
    case Kind::kToolCall:
      say(fmt::format("the model calls a tool: {}", safe_line(event.raw)));
      return {};
    case Kind::kMalformedCall:
      say(fmt::format("the model made a call that makes no sense ({}): {}", event.text, safe_line(event.raw)));
      return {};
    case Kind::kThinking:
    case Kind::kStop:
      break;
  }
  return {};
}

Result<void> TextWriter::end(const AnswerStats& stats) {
  end_thought();
  if (markdown_) RETURN_IF_ERROR(write(markdown_->finish()));
  if (!ends_in_newline_) RETURN_IF_ERROR(write_stdout("\n"));
  say(fmt::format("{} prompt tokens in {:.2f} s, {} tokens{}, ended by {}", stats.n_prompt_tokens,
                  stats.prompt_ms / 1000, stats.n_tokens, rate_text(stats), end_reason(stats)));
  return {};
}

Result<void> JsonLinesWriter::event(const chat::ReplyEvent& event) {
  switch (event.kind) {
    case Kind::kText:
      return write_line({{"type", "text"}, {"text", event.text}});
    case Kind::kThinking:
      return write_line({{"type", "thinking"}, {"text", event.text}});
    case Kind::kToolCall:
      return write_line({{"type", "tool_call"},
                         {"name", event.call.name},
                         {"arguments", event.call.arguments ? *event.call.arguments : Json::object()},
                         {"raw", event.raw}});
    case Kind::kMalformedCall:
      return write_line({{"type", "malformed_call"}, {"reason", event.text}, {"raw", event.raw}});
    case Kind::kStop:
      break;
  }
  return {};
}

Result<void> JsonLinesWriter::end(const AnswerStats& stats) {
  Json line = {{"type", "end"}};
  line.update(stats_json(stats));
  return write_line(line);
}

Result<void> JsonWriter::event(const chat::ReplyEvent& event) {
  if (event.kind == Kind::kToolCall || event.kind == Kind::kMalformedCall) calls_.push_back(event);
  chat::collect({event}, reply_);
  return {};
}

Result<void> JsonWriter::end(const AnswerStats& stats) {
  Json calls = Json::array();
  for (const chat::ReplyEvent& event : calls_) {
    const bool malformed = event.kind == Kind::kMalformedCall;
    calls.push_back({{"name", event.call.name},
                     {"arguments", event.call.arguments ? *event.call.arguments : Json::object()},
                     {"raw", event.raw},
                     {"problem", malformed ? Json(event.text) : Json()}});
  }
  Json json = {{"answer", reply_.content}, {"thinking", reply_.thinking}, {"tool_calls", std::move(calls)}};
  json.update(stats_json(stats));
  return write_line(json);
}

}  // namespace carat::cli
