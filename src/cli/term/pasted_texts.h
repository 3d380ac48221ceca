#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carat::cli {

/// Long pastes stand in the line that is edited as a short mark, "[pasted 214 lines #1]"; the message that is sent has
/// the text in its place.
class PastedTexts {
 public:
  /// A pasted text as the line shall hold it: short ones as they are (without the newline at their end), long ones as
  /// a mark. Line ends become \n, characters that no text has (NUL) go.
  std::string add(std::string_view pasted);
  /// The line with the texts in place of their marks.
  std::string expand(std::string line) const;
  void clear() { texts_.clear(); }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;  ///< mark, text
};

}  // namespace carat::cli
