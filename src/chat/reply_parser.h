#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/marks.h"
#include "chat/message.h"

namespace carat::chat {

enum class StopReason {
  kEndOfTurn,     ///< <turn|> (Gemma 3: <end_of_turn>)
  kEndOfText,     ///< <eos>; after a complete call it means the same as kToolResponse
  kToolResponse,  ///< <|tool_response>: the model waits for results
  kEndOfInput,    ///< finish() without any of them: a length limit, a stop string, a cancel
};

struct ReplyEvent {
  enum class Kind {
    kText,           ///< more of the answer
    kThinking,       ///< more of the thought
    kToolCall,       ///< one complete call
    kMalformedCall,  ///< a call that makes no sense: `raw` and why; never dropped silently
    kStop,           ///< the reply is over; nothing follows
  };
  Kind kind = Kind::kText;
  std::string text;  ///< kText, kThinking: a piece; kMalformedCall: the reason
  ToolCall call;     ///< kToolCall: name, arguments
  std::string raw;   ///< both call kinds: as the model wrote it, `call:name{…}`
  StopReason stop = StopReason::kEndOfInput;
};

struct ReplyOptions {
  bool starts_in_thought = false;  ///< Prompt::ends_in_thought
  bool keep_thinking = true;       ///< false: thought text is dropped (thinking was off)
  std::vector<JsonRef> tools;      ///< declarations, for the types of arguments
};

/// Cuts a reply into answer, thinking and tool calls while it streams (spec/tokenizer-and-chat.md 3.1). It works on
/// ids, so text that only spells a control token stays text:
///
///     ReplyParser parser(tokenizer, {.starts_in_thought = prompt.ends_in_thought, .tools = request.tools});
///     for each id: emit(parser.push(id, detokenizer.push(id)));
///     emit(parser.finish(detokenizer.flush()));
///
/// or on a finished text with push_text() in place of push(). Outer white space of answer and thought is held back and
/// dropped. How the text arrives in pieces changes only where kText and kThinking events are cut. One reply, one
/// thread.
class ReplyParser {
 public:
  ReplyParser(const tokenizer::Tokenizer& tokenizer, ReplyOptions options);
  explicit ReplyParser(ReplyOptions options);  ///< for push_text() only

  /// `text` is what the detokenizer (skipping control pieces) gave for this id; of a control id, what it still held.
  std::vector<ReplyEvent> push(tokenizer::TokenId id, std::string_view text);
  /// Text in which control strings count as control tokens.
  std::vector<ReplyEvent> push_text(std::string_view text);
  /// The end without a stop token; parses what there is of an open call. Nothing after a kStop.
  std::vector<ReplyEvent> finish(std::string_view text = {});

  bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kContent, kHeader, kThought, kCall, kDone };
  /// Streams one kind of text without its outer white space.
  struct Trimmed {
    ReplyEvent::Kind kind;
    bool begun = false;
    std::string held;
  };

  void on_text(std::string_view text);
  void on_mark(const MarkText& mark);
  void in_call(const MarkText& mark);
  void header_text(std::string_view text);
  void emit(Trimmed& stream, std::string_view text);
  void emit_thought(std::string_view text);
  void end_thought();
  void end_header();
  void open_call();
  void end_call();
  void stop(StopReason reason);
  const Json* parameters_of(std::string_view name) const;
  std::vector<ReplyEvent> take_events();

  ReplyOptions options_;
  MarkIds ids_;
  MarkScanner scanner_;
  State state_;
  Trimmed answer_{ReplyEvent::Kind::kText};
  Trimmed thought_{ReplyEvent::Kind::kThinking};
  std::string header_;
  std::string body_;  ///< of the open call, marks as in chat/call_body.h
  bool in_string_ = false;
  std::vector<ReplyEvent> events_;
};

/// A whole reply at once.
struct Reply {
  std::string thinking, content;
  std::vector<ToolCall> tool_calls;
  std::vector<std::string> malformed_calls;  ///< raw
  StopReason stop = StopReason::kEndOfInput;
};
Reply parse_reply(std::string_view text, ReplyOptions options = {});

/// Adds streamed events to a reply.
void collect(std::vector<ReplyEvent> events, Reply& reply);

}  // namespace carat::chat
