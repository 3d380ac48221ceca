#include "cli/term/plain_line_reader.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "cli/output.h"
#include "cli/term/safe_text.h"
#include "cli/term/signal_pipe.h"

namespace carat::cli {
namespace {

// As much as a prompt may have (cli/commands/ask.cc).
constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;

}  // namespace

Result<InputLine> PlainLineReader::read(std::string_view prompt, std::string_view initial) {
  if (!initial.empty()) write_or_lose(prompt_fd_, safe_text(initial) + "\n");
  write_or_lose(prompt_fd_, prompt);
  for (std::size_t searched = 0;;) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      return InputLine{InputLine::Kind::kLine, std::move(line)};
    }
    searched = buffer_.size();
    if (searched > kMaxLineBytes) {
      return limit_exceeded(fmt::format("a line of the input has more than {} bytes; send less", kMaxLineBytes));
    }
    if (interrupted_ != nullptr && interrupted_->load()) {
      write_or_lose(prompt_fd_, "\n");
      return InputLine{InputLine::Kind::kInterrupt, std::exchange(buffer_, {})};
    }
    if (ended_) {
      if (buffer_.empty()) write_or_lose(prompt_fd_, "\n");
      if (buffer_.empty()) return InputLine{InputLine::Kind::kEnd, {}};
      return InputLine{InputLine::Kind::kLine, std::exchange(buffer_, {})};
    }
    if (interrupted_ != nullptr && !SignalPipe::wait(fd_)) continue;
    std::array<char, 65536> chunk;
    const ssize_t n = ::read(fd_, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EIO) return io_error(fmt::format("cannot read the input: {}", std::strerror(errno)));
    if (n <= 0) ended_ = true;  // EIO: the terminal is gone
    if (n > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace carat::cli
