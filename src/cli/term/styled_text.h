#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carat::cli {

/// How a piece of text looks on a terminal.
struct TextStyle {
  bool bold = false;
  bool dim = false;
  bool italic = false;
  bool underline = false;
  bool strike = false;
  bool code = false;  ///< in the colour of code

  bool operator==(const TextStyle&) const = default;
};

struct StyledRun {
  TextStyle style;
  std::string text;
};

/// Runs of styled text to bytes for a terminal. An escape sequence stands only where the style changes, and every line
/// ends in plain style; so the bytes do not depend on how the text was cut into runs.
class StyledWriter {
 public:
  /// `colour` false: the text alone, no escape sequences.
  explicit StyledWriter(bool colour) : colour_(colour) {}

  void put(const TextStyle& style, std::string_view text);
  void put(const std::vector<StyledRun>& runs);
  /// Back to plain, and a newline.
  void newline();
  /// Back to plain.
  void reset();
  /// What was written since the last time.
  std::string take();

 private:
  void change_to(const TextStyle& style);

  bool colour_;
  TextStyle current_;
  std::string out_;
};

}  // namespace carat::cli
