#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/flat_array.h"

namespace carat::tokenizer {

/// Arrays behind each other in one block of bytes (docs/formats/packed.md, "tokenizer"): each a 64-bit count, then the
/// values, both at multiples of 8. The same function lists the arrays for writing and for reading, so that the two
/// cannot disagree:
///
///     template <typename Self, typename Tables>
///     static void each_table(Self& self, Tables& tables) { tables.add(self.slots_); tables.add(self.results_); }
class TableWriter {
 public:
  template <typename T>
  void add(const FlatArray<T>& array) {
    const std::uint64_t count = array.size();
    append(&count, sizeof count);
    append(array.data(), array.size() * sizeof(T));
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
  }
  std::vector<std::byte> take() && { return std::move(bytes_); }

 private:
  void append(const void* data, std::size_t size) {
    if (size == 0) return;
    const auto* p = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), p, p + size);
  }

  std::vector<std::byte> bytes_;
};

/// Views into such a block; nothing is copied. What the values mean is checked by those who use them.
class TableReader {
 public:
  /// REQUIRES: bytes lie at a multiple of 8.
  explicit TableReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <typename T>
  void add(FlatArray<T>& array) {
    std::uint64_t count = 0;
    if (rest_.size() < sizeof count) return fail();
    std::memcpy(&count, rest_.data(), sizeof count);
    rest_ = rest_.subspan(sizeof count);
    if (count > rest_.size() / sizeof(T)) return fail();
    array = FlatArray<T>::view({reinterpret_cast<const T*>(rest_.data()), static_cast<std::size_t>(count)});
    const std::size_t padded = (static_cast<std::size_t>(count) * sizeof(T) + 7) / 8 * 8;
    if (padded > rest_.size()) return fail();
    rest_ = rest_.subspan(padded);
  }

  /// Whether every array was there and nothing is left.
  bool complete() const { return ok_ && rest_.empty(); }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

}  // namespace carat::tokenizer
