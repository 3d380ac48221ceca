#include "cli/quantities.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace carat::cli {
namespace {

constexpr std::string_view kUnits = "KMGT";

Error bad_bytes(std::string_view text, std::string_view what) {
  return invalid_argument(fmt::format("{} {}: expected a number of bytes such as 8G, 512M or 1073741824", what, text));
}

}  // namespace

std::string grouped(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (value /= 1024; value >= 1023.95 && unit + 1 < kUnits.size(); value /= 1024) ++unit;
  return fmt::format("{:.{}f} {}iB", value, value < 99.95 ? 2 : 1, kUnits[unit]);
}

Result<std::uint64_t> parse_bytes(std::string_view text, std::string_view what) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !(value >= 0)) return bad_bytes(text, what);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (!unit.empty()) {
    const char letter = static_cast<char>(unit[0] & ~0x20);  // to upper case
    const std::size_t power = kUnits.find(letter);
    const std::string_view rest = unit.substr(1);
    if (power != std::string_view::npos &&
        (rest.empty() || rest == "iB" || rest == "B" || rest == "ib" || rest == "b")) {
      value *= std::pow(1024.0, static_cast<double>(power + 1));
    } else if (unit != "B" && unit != "b") {
      return bad_bytes(text, what);
    }
  }
  if (value >= 0x1p63) return bad_bytes(text, what);
  return static_cast<std::uint64_t>(value);
}

}  // namespace carat::cli
