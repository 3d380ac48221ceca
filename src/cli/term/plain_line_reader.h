#pragma once

#include <atomic>

#include "cli/term/line_reader.h"

namespace carat::cli {

/// Lines as the operating system gives them: from a pipe, or from a terminal without editing (TERM=dumb). `initial` is
/// printed behind the prompt, so that it can be copied; nothing is remembered.
class PlainLineReader final : public LineReader {
 public:
  /// `prompt_fd`: where prompts go, -1 = nowhere. `interrupted` ends a wait for input; may be null.
  PlainLineReader(int fd, int prompt_fd, const std::atomic<bool>* interrupted)
      : fd_(fd), prompt_fd_(prompt_fd), interrupted_(interrupted) {}

  Result<InputLine> read(std::string_view prompt, std::string_view initial) override;
  void remember(std::string_view) override {}

 private:
  int fd_;
  int prompt_fd_;
  const std::atomic<bool>* interrupted_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace carat::cli
