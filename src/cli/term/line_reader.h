#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace carat::cli {

/// What a person did at a prompt.
struct InputLine {
  enum class Kind {
    kLine,       ///< entered `text`; newlines in it were pasted or put there on purpose
    kEnd,        ///< Ctrl-D, the end of a pipe, a terminal that is gone
    kInterrupt,  ///< Ctrl-C; what was typed is forgotten, `text` has it
  };
  Kind kind = Kind::kLine;
  std::string text;
};

/// Lines from a person or a pipe.
class LineReader {
 public:
  virtual ~LineReader() = default;
  /// Asks for a line, with `initial` already typed; what is printed next begins on a new line. Errors: kIo when the
  /// input cannot be read.
  virtual Result<InputLine> read(std::string_view prompt, std::string_view initial) = 0;
  /// Takes what was typed meanwhile, for the next read(); to be called now and then during work, since a terminal that
  /// holds 4096 bytes passes nothing on, not even Ctrl-C.
  virtual void take_typed() {}
  /// Leaves the terminal to another program (a text editor) until the next read().
  virtual void release() {}
  /// Text that arrow keys may bring back.
  virtual void remember(std::string_view text) = 0;
};

}  // namespace carat::cli
