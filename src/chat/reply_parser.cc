#include "chat/reply_parser.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "chat/call_body.h"
#include "chat/values.h"

namespace carat::chat {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

/// A channel name is one short word; anything else in its place is thought text that lost its header.
bool is_channel_name(std::string_view text) {
  return text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

/// Text for a call body: the bytes that stand for marks cannot come from it.
std::string without_mark_bytes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == kQuoteMark || c == kCallCloseMark) {
      out += "\xef\xbf\xbd";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

ReplyParser::ReplyParser(ReplyOptions options)
    : options_(std::move(options)), state_(options_.starts_in_thought ? State::kThought : State::kContent) {}

ReplyParser::ReplyParser(const tokenizer::Tokenizer& tokenizer, ReplyOptions options)
    : ReplyParser(std::move(options)) {
  ids_ = MarkIds(tokenizer);
}

std::vector<ReplyEvent> ReplyParser::push(tokenizer::TokenId id, std::string_view text) {
  on_text(text);
  if (const auto mark = ids_.find(id)) on_mark(*mark);
  return take_events();
}

std::vector<ReplyEvent> ReplyParser::push_text(std::string_view text) {
  for (const MarkScanner::Piece& piece : scanner_.push(text)) {
    if (piece.mark) {
      on_mark({piece.text, *piece.mark});
    } else {
      on_text(piece.text);
    }
  }
  return take_events();
}

std::vector<ReplyEvent> ReplyParser::finish(std::string_view text) {
  for (const MarkScanner::Piece& piece : scanner_.flush()) on_text(piece.text);
  on_text(text);
  stop(StopReason::kEndOfInput);
  return take_events();
}

void ReplyParser::on_text(std::string_view text) {
  switch (state_) {
    case State::kContent:
      emit(answer_, text);
      break;
    case State::kHeader:
      header_text(text);
      break;
    case State::kThought:
      emit_thought(text);
      break;
    case State::kCall:
      body_ += without_mark_bytes(text);
      break;
    case State::kDone:
      break;
  }
}

void ReplyParser::on_mark(const MarkText& mark) {
  if (state_ == State::kDone) return;
  switch (mark.mark) {
    case Mark::kTurnClose:
      return stop(StopReason::kEndOfTurn);
    case Mark::kEos:
      return stop(StopReason::kEndOfText);
    case Mark::kResponseOpen:
      return stop(StopReason::kToolResponse);
    default:
      break;
  }
  if (state_ == State::kCall) return in_call(mark);
  switch (mark.mark) {
    case Mark::kCallOpen:
      open_call();
      break;  // also out of a thought that was never closed
    case Mark::kChannelOpen:
      if (state_ == State::kContent) {
        state_ = State::kHeader;
        header_.clear();
      }
      break;
    case Mark::kChannelClose:
      if (state_ == State::kHeader) end_header();
      if (state_ == State::kThought) end_thought();
      break;
    default:
      break;  // stray closers and control tokens without a place here are swallowed
  }
}

void ReplyParser::in_call(const MarkText& mark) {
  if (mark.mark == Mark::kQuote) {
    in_string_ = !in_string_;
    body_ += kQuoteMark;
  } else if (mark.mark == Mark::kCallClose && !in_string_) {
    end_call();
  } else if (mark.mark == Mark::kCallClose) {
    body_ += kCallCloseMark;
  } else if (mark.mark == Mark::kCallOpen && !in_string_) {
    end_call();
    open_call();
  } else {
    body_ += mark.text;
  }
}

/// The channel's name stands up to the newline.
void ReplyParser::header_text(std::string_view text) {
  const std::size_t newline = text.find('\n');
  header_ += text.substr(0, newline);
  if (newline == std::string_view::npos) {
    if (!is_channel_name(header_)) end_header();
    return;
  }
  const bool is_name = is_channel_name(header_);
  end_header();
  emit_thought(is_name ? text.substr(newline + 1) : text.substr(newline));
}

/// From here on thought text; a header that is no name already belongs to it.
void ReplyParser::end_header() {
  state_ = State::kThought;
  const std::string header = std::exchange(header_, {});
  if (!is_channel_name(header)) emit_thought(header);
}

void ReplyParser::emit(Trimmed& stream, std::string_view text) {
  const std::size_t last = text.find_last_not_of(kBlanks);
  if (last == std::string_view::npos) {
    if (stream.begun) stream.held += text;
    return;
  }
  if (!stream.begun) text.remove_prefix(text.find_first_not_of(kBlanks));
  const std::size_t n_kept = text.find_last_not_of(kBlanks) + 1;
  stream.begun = true;
  std::string piece = std::exchange(stream.held, std::string(text.substr(n_kept)));
  piece += text.substr(0, n_kept);
  if (!events_.empty() && events_.back().kind == stream.kind) {
    events_.back().text += piece;
  } else {
    events_.push_back({.kind = stream.kind, .text = std::move(piece)});
  }
}

void ReplyParser::emit_thought(std::string_view text) {
  if (options_.keep_thinking) emit(thought_, text);
}

void ReplyParser::end_thought() {
  thought_.begun = false;
  thought_.held.clear();
  state_ = State::kContent;
}

void ReplyParser::open_call() {
  if (state_ == State::kHeader) end_header();
  if (state_ == State::kThought) end_thought();
  state_ = State::kCall;
  body_.clear();
  in_string_ = false;
}

void ReplyParser::end_call() {
  const std::string body = std::exchange(body_, {});
  state_ = State::kContent;
  Result<ToolCall> call = parse_call_body(body, parameters_of(call_name(body)));
  if (call) {
    events_.push_back(
        {.kind = ReplyEvent::Kind::kToolCall, .call = std::move(call).value(), .raw = readable_body(body)});
  } else {
    events_.push_back(
        {.kind = ReplyEvent::Kind::kMalformedCall, .text = call.error().to_string(), .raw = readable_body(body)});
  }
}

void ReplyParser::stop(StopReason reason) {
  if (state_ == State::kDone) return;
  if (state_ == State::kCall) end_call();
  if (state_ == State::kHeader) end_header();
  state_ = State::kDone;
  events_.push_back({.kind = ReplyEvent::Kind::kStop, .stop = reason});
}

const Json* ReplyParser::parameters_of(std::string_view name) const {
  for (const JsonRef& tool : options_.tools) {
    const Json* function = member(tool.get(), "function");
    const Json* declared = member(function, "name");
    if (declared != nullptr && declared->is_string() && declared->get_ref<const std::string&>() == name) {
      return member(function, "parameters");
    }
  }
  return nullptr;
}

std::vector<ReplyEvent> ReplyParser::take_events() { return std::exchange(events_, {}); }

void collect(std::vector<ReplyEvent> events, Reply& reply) {
  for (ReplyEvent& event : events) {
    switch (event.kind) {
      case ReplyEvent::Kind::kText:
        reply.content += event.text;
        break;
      case ReplyEvent::Kind::kThinking:
        reply.thinking += event.text;
        break;
      case ReplyEvent::Kind::kToolCall:
        reply.tool_calls.push_back(std::move(event.call));
        break;
      case ReplyEvent::Kind::kMalformedCall:
        reply.malformed_calls.push_back(std::move(event.raw));
        break;
      case ReplyEvent::Kind::kStop:
        reply.stop = event.stop;
        break;
    }
  }
}

Reply parse_reply(std::string_view text, ReplyOptions options) {
  Reply reply;
  ReplyParser parser(std::move(options));
  collect(parser.push_text(text), reply);
  collect(parser.finish(), reply);
  return reply;
}

}  // namespace carat::chat
