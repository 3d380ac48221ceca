#include "cli/input.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace carat::cli {

Result<Input> Input::open(const std::string& path) {
  if (path == "-") return Input("stdin", STDIN_FILENO);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return not_found(fmt::format("{}: there is no such file", path));
  if (fd < 0) return io_error(fmt::format("{}: cannot open it: {}", path, std::strerror(errno)));
  return Input(path, fd);
}

Input::Input(Input&& other) noexcept
    : name_(std::move(other.name_)),
      fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      line_number_(other.line_number_) {}

Input::~Input() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

Result<bool> Input::fill() {
  buffer_.erase(0, std::exchange(begin_, 0));
  const std::size_t size = buffer_.size();
  // Doubling keeps a line of many megabytes linear; small reads keep a short answer prompt.
  buffer_.resize(size + std::max<std::size_t>(size, 65'536));
  for (;;) {
    const ssize_t n = ::read(fd_, buffer_.data() + size, buffer_.size() - size);
    if (n < 0 && errno == EINTR) continue;
    buffer_.resize(size + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0) return io_error(fmt::format("{}: cannot read it: {}", name_, std::strerror(errno)));
    return n > 0;
  }
}

Result<std::optional<std::string>> Input::next_line(std::size_t max_bytes) {
  ++line_number_;
  for (std::size_t searched = 0;;) {
    const std::size_t end = buffer_.find('\n', begin_ + searched);
    searched = buffer_.size() - begin_;
    if ((end == std::string::npos ? searched : end - begin_) > max_bytes) {
      return limit_exceeded(fmt::format("{}: line {} has more than {} bytes", name_, line_number_, max_bytes));
    }
    if (end != std::string::npos) {
      const std::size_t begin = std::exchange(begin_, end + 1);
      return std::optional(buffer_.substr(begin, end - begin));
    }
    ASSIGN_OR_RETURN(const bool more, fill());
    if (more) continue;
    if (searched == 0) return std::optional<std::string>();
    begin_ = buffer_.size();
    return std::optional(buffer_);  // a last line without its '\n'
  }
}

Result<std::string> Input::rest(std::size_t max_bytes) {
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, fill());
    if (!more) return std::exchange(buffer_, {});
    if (buffer_.size() > max_bytes) {
      return limit_exceeded(
          fmt::format("{}: has more than {} bytes, the most that are read at once", name_, max_bytes));
    }
  }
}

}  // namespace carat::cli
