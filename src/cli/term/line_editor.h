#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "cli/term/completion.h"
#include "cli/term/line_reader.h"

namespace carat::cli {

/// A line with a cursor, arrow keys, history, Tab and paste, on the terminal of stdin; the one file that knows libedit
/// is line_editor.cc. Ctrl-R searches the history, Alt-Enter begins a new line in the message, ~/.editrc is read.
class LineEditor final : public LineReader {
 public:
  struct Options {
    int out_fd = 1;  ///< the terminal that shows the line
    bool colour = false;
    const std::atomic<bool>* interrupted = nullptr;  ///< Ctrl-C (interrupts.h)
    Completer completer;
  };

  /// Errors: kIo when libedit cannot start on this terminal.
  static Result<std::unique_ptr<LineEditor>> create(Options options);
  ~LineEditor() override;

  Result<InputLine> read(std::string_view prompt, std::string_view initial) override;
  void take_typed() override;
  void release() override;
  void remember(std::string_view text) override;

  class Impl;

 private:
  explicit LineEditor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace carat::cli
