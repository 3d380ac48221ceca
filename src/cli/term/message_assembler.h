#pragma once

#include <string>
#include <string_view>

namespace carat::cli {

/// Lines to messages: a line that ends in \ goes on in the next one, and so does everything between two """.
///
///     MessageAssembler message;
///     while (!message.add(read_line(message.begun() ? "... " : ">>> "))) {}
///     send(message.take());
class MessageAssembler {
 public:
  /// Takes a line (which may hold newlines of its own: a paste). True: the message is complete.
  bool add(std::string_view line);
  /// Whether lines of an incomplete message are there.
  bool begun() const { return begun_; }
  /// The message; the assembler is empty then.
  std::string take();

 private:
  std::string text_;
  bool begun_ = false;
  bool has_text_ = false;
  bool quoted_ = false;  ///< inside """
};

}  // namespace carat::cli
