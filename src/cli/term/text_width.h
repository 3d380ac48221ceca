#pragma once

#include <string>
#include <string_view>

namespace carat::cli {

/// While it lives, the C library's functions on this thread (wcwidth, and what libedit calls) speak UTF-8 whatever the
/// user's locale is; nothing else of the process changes. Without such a locale on the system nothing happens.
class Utf8Locale {
 public:
  Utf8Locale();
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale();

 private:
  struct Handle;
  Handle* handle_;
};

/// Columns that valid UTF-8 without control characters takes on a terminal: wide characters two, marks that combine
/// none.
int display_width(std::string_view text);

/// The longest beginning of `text` (see above) that takes at most `columns`; with "…" as its last one when something
/// is cut.
std::string cut_to_width(std::string_view text, int columns);
/// The longest end.
std::string end_of_width(std::string_view text, int columns);

}  // namespace carat::cli
