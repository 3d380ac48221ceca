#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"

namespace carat::cli {

/// A file, a pipe or stdin, read once from front to back; a line is given as soon as it is there, so that a program on
/// the other end of the pipe can wait for its answer.
class Input {
 public:
  /// "-" = stdin. Errors: kNotFound, kIo naming the file.
  static Result<Input> open(const std::string& path);
  Input(Input&& other) noexcept;
  Input& operator=(Input&&) = delete;
  ~Input();

  /// The next line without its '\n'; nothing at the end. Errors: kIo, kLimit above `max_bytes`, naming file and line.
  Result<std::optional<std::string>> next_line(std::size_t max_bytes);
  /// All that was not read yet. Errors as above.
  Result<std::string> rest(std::size_t max_bytes);

  /// As messages name it: the path, or "stdin".
  const std::string& name() const { return name_; }
  /// Of the line next_line() gave last, from 1.
  std::size_t line_number() const { return line_number_; }

 private:
  Input(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  /// Reads more behind the buffer; false at the end.
  Result<bool> fill();

  std::string name_;
  int fd_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not given yet
  std::size_t line_number_ = 0;
};

}  // namespace carat::cli
