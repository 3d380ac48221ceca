#include "cli/answer_stream.h"

namespace carat::cli {

using Kind = chat::ReplyEvent::Kind;

bool AnswerStream::emit_text(std::string text) {
  chat::ReplyEvent event;
  event.text = std::move(text);
  if (event.text.empty() || error_) return !error_;
  if (auto written = writer_.event(event); !written) error_ = std::move(written).error();
  return !error_;
}

bool AnswerStream::emit(std::vector<chat::ReplyEvent> events) {
  for (chat::ReplyEvent& event : events) {
    if (event.kind == Kind::kText) {
      if (!emit_text(stop_.push(event.text)) || stop_.stopped()) return false;
      continue;
    }
    if (auto written = writer_.event(event); !written) {
      error_ = std::move(written).error();
      return false;
    }
  }
  return true;
}

bool AnswerStream::push(tokenizer::TokenId id) {
  // A model's table may have more rows than its tokenizer has pieces; such an id has no text.
  if (static_cast<std::size_t>(id) >= tokenizer_.vocab_size()) return true;
  const std::string text = detokenizer_.push(id);
  if (parser_) return emit(parser_->push(id, text));
  return emit_text(stop_.push(text)) && !stop_.stopped();
}

Result<void> AnswerStream::finish(std::optional<tokenizer::TokenId> stop_id) {
  if (!error_ && !stop_.stopped()) {
    std::string rest = detokenizer_.flush();
    if (!parser_) {
      emit_text(stop_.push(rest));
    } else {
      std::vector<chat::ReplyEvent> events;
      if (stop_id) events = parser_->push(*stop_id, std::exchange(rest, {}));
      if (emit(std::move(events))) emit(parser_->finish(rest));
    }
  }
  if (!error_ && !stop_.stopped()) emit_text(stop_.finish());
  if (error_) return *std::move(error_);
  return {};
}

}  // namespace carat::cli
