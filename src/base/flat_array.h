#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace carat {

/// An array of plain values that is either built here or lies in memory somebody else keeps, such as a mapped file:
/// tables that are made once and afterwards only mapped (docs/formats/packed.md).
///
///     FlatArray<std::uint32_t> made;  made.edit().push_back(7);
///     const auto mapped = FlatArray<std::uint32_t>::view(span);      // span's memory must outlive it
template <typename T>
class FlatArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  FlatArray() = default;
  FlatArray(std::vector<T> values) : owned_(std::move(values)) {}  // NOLINT: implicit by design
  static FlatArray view(std::span<const T> values) {
    FlatArray array;
    array.view_ = values;
    return array;
  }

  /// The vector to fill. REQUIRES: this is no view.
  std::vector<T>& edit() { return owned_; }

  const T* data() const { return view_.data() != nullptr ? view_.data() : owned_.data(); }
  std::size_t size() const { return view_.data() != nullptr ? view_.size() : owned_.size(); }
  bool empty() const { return size() == 0; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  std::span<const T> span() const { return {data(), size()}; }
  std::size_t memory_bytes() const { return (view_.data() != nullptr ? view_.size() : owned_.capacity()) * sizeof(T); }

 private:
  std::vector<T> owned_;
  std::span<const T> view_;
};

}  // namespace carat
