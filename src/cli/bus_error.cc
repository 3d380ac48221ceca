#include "cli/bus_error.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "cli/exit_code.h"
#include "cli/term/terminal_guard.h"

// Everything below the handler is async-signal-safe: system calls and the stack. Which file it was is asked of the
// kernel
// (/proc/self/maps), so no table of mappings has to be kept for this one moment.

namespace carat::cli {
namespace {

void put(const char* text, std::size_t size) { (void)!::write(STDERR_FILENO, text, size); }
void put(const char* text) { put(text, std::strlen(text)); }

// Value of hexadecimal digits; moves `p` behind them.
std::uintptr_t read_hex(const char*& p) {
  std::uintptr_t value = 0;
  for (;; ++p) {
    if (*p >= '0' && *p <= '9') {
      value = value << 4 | static_cast<std::uintptr_t>(*p - '0');
    } else if (*p >= 'a' && *p <= 'f') {
      value = value << 4 | static_cast<std::uintptr_t>(*p - 'a' + 10);
    } else {
      return value;
    }
  }
}

// Whether a line "begin-end perms offset dev inode      /path" covers the address; then its path.
const char* path_if_covers(const char* line, std::uintptr_t address) {
  const char* p = line;
  const std::uintptr_t begin = read_hex(p);
  if (*p++ != '-') return nullptr;
  const std::uintptr_t end = read_hex(p);
  return begin <= address && address < end ? std::strchr(p, '/') : nullptr;
}

void put_path_at(std::uintptr_t address) {
  const int fd = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  char line[4400];
  std::size_t length = 0;
  char c;
  while (fd >= 0 && ::read(fd, &c, 1) == 1) {
    if (c != '\n') {
      if (length + 1 < sizeof line) line[length++] = c;
      continue;
    }
    line[length] = '\0';
    length = 0;
    if (const char* path = path_if_covers(line, address)) {
      put(path);
      put(": ");
      break;
    }
  }
}

[[noreturn]] void on_bus_error(int, siginfo_t* info, void*) {
  TerminalGuard::restore();
  put("carat: error: ");
  put_path_at(reinterpret_cast<std::uintptr_t>(info->si_addr));
  put("a part of the file can no longer be read: it was shortened while in use, or its disk failed; copy or download "
      "it again\n");
  ::_exit(exit_code(ErrorCode::kIo));
}

}  // namespace

void install_bus_error_sentence() {
  struct sigaction action {};
  action.sa_sigaction = [](int signal, siginfo_t* info, void* context) { on_bus_error(signal, info, context); };
  action.sa_flags = SA_SIGINFO | SA_RESETHAND;
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace carat::cli
