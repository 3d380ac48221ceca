#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace carat::fuzz {

/// An input read as a list of decisions, so that a target can build a file with right lengths and offsets around the
/// one thing that is wrong. Decisions come from the front; when the input is used up, every further one is 0. One
/// decision per expression: compilers differ in what they evaluate first, and an input must mean the same to all.
///
///     Choices choose(data, size);
///     const std::string_view key = choose.among(kKeys);
///     if (choose.one_in(8)) count = choose.number();         // a lie
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }

  /// 0 ... n - 1; takes one byte, or two where n is larger. REQUIRES: 1 <= n <= 65536.
  std::uint32_t below(std::uint32_t n) {
    std::uint32_t value = byte();
    if (n > 256) value |= std::uint32_t{byte()} << 8;
    return value % n;
  }
  /// False once the input is used up.
  bool one_in(std::uint32_t n) { return !rest_.empty() && below(n) == n - 1; }

  /// Any 64 bits, the borders of the integer types and of doubles' whole numbers more often than the rest.
  std::uint64_t number() {
    const std::uint32_t kind = below(4);
    if (kind == 0) return byte();
    const std::uint64_t power = std::uint64_t{1} << below(64);
    if (kind == 1) return power + byte() - 2;
    if (kind == 2) return ~power + byte();
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return value;
  }

  template <typename Table>
  auto among(const Table& table) {
    return table[below(static_cast<std::uint32_t>(std::size(table)))];
  }

  /// Up to `max` of the bytes that follow.
  std::string text(std::uint32_t max) {
    const std::uint32_t wanted = below(max + 1);
    const std::size_t n = std::min<std::size_t>(wanted, rest_.size());
    std::string value(reinterpret_cast<const char*>(rest_.data()), n);
    rest_ = rest_.subspan(n);
    return value;
  }

  std::span<const std::uint8_t> rest() const { return rest_; }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace carat::fuzz
