#pragma once

#include <string>
#include <string_view>

namespace carat::cli {

/// What a standard stream leads to.
struct Terminal {
  bool attached = false;     ///< a terminal, of whatever kind: what it is sent must not drive it (safe_text.h)
  bool interactive = false;  ///< a terminal that can move its cursor: isatty, and TERM set to something but "dumb"
  bool colour = false;       ///< interactive, and NO_COLOR unset or empty (no-color.org)
  int columns = 80;          ///< its width now; 80 where it is not known
};

/// Of STDOUT_FILENO, STDERR_FILENO … as they are now (a window may have been resized).
Terminal terminal_of(int fd);

/// Text in the colours of a terminal, or as it is where `colour` is false.
///
///     const Style style(terminal_of(STDOUT_FILENO));
///     write_stdout(style.bold("carat"));
class Style {
 public:
  explicit Style(const Terminal& terminal) : colour_(terminal.colour) {}

  std::string bold(std::string_view text) const { return in("1", text); }
  std::string dim(std::string_view text) const { return in("2", text); }
  std::string green(std::string_view text) const { return in("32", text); }
  std::string yellow(std::string_view text) const { return in("33", text); }
  std::string red(std::string_view text) const { return in("31", text); }

 private:
  /// SGR `code`, and back to normal.
  std::string in(std::string_view code, std::string_view text) const;

  bool colour_;
};

}  // namespace carat::cli
