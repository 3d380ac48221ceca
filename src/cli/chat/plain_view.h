#pragma once

#include "cli/chat/conversation.h"

namespace carat::cli {

/// An answer where no terminal is: as `carat ask` writes it (answer_writer.h). Borrows the writer.
class PlainView final : public AnswerView {
 public:
  explicit PlainView(AnswerWriter& writer) : writer_(writer) {}
  Result<void> event(const chat::ReplyEvent& event) override { return writer_.event(event); }
  Result<void> end(const AnswerStats& stats) override { return writer_.end(stats); }

 private:
  AnswerWriter& writer_;
};

}  // namespace carat::cli
