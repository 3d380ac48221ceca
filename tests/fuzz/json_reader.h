#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carat::fuzz {

/// A JSON value as the second reader sees it; numbers keep their text, objects every member in order.
struct SecondJson {
  enum class Kind { kNull, kTrue, kFalse, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;  ///< of a number: as written; of a string: unescaped
  std::vector<SecondJson> items;
  struct Member;
  std::vector<Member> members;

  /// The first member of this name.
  const SecondJson* find(std::string_view key) const;
};

struct SecondJson::Member {
  std::string key;
  SecondJson value;
};

struct SecondJsonText {
  SecondJson value;
  std::size_t depth = 0;             ///< of containers
  std::size_t n_members = 0;         ///< members and elements in total
  std::size_t longest_number = 0;    ///< longest_decimal, or of an integer
  std::size_t longest_decimal = 0;   ///< longest number with a fraction or an exponent
  bool has_infinite_number = false;  ///< a number no double reaches
  bool has_big_integer = false;      ///< an integer beyond int64 and uint64
};

/// RFC 8259 written out: valid UTF-8, one value, no lone surrogates in escapes. Nothing when a rule is broken or the
/// text is nested deeper than `max_depth`. Leading U+FEFF is not accepted.
std::optional<SecondJsonText> read_json_again(std::string_view text, std::size_t max_depth);

}  // namespace carat::fuzz
