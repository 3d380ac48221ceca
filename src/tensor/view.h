#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/check.h"

namespace carat {

/// A matrix that is looked at, never owned: `rows` rows of `cols` contiguous elements, `stride` elements apart.
template <typename T>
struct MatView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  MatView() = default;
  MatView(T* data_in, std::int64_t rows_in, std::int64_t cols_in, std::int64_t stride_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(stride_in) {}
  MatView(T* data_in, std::int64_t rows_in, std::int64_t cols_in) : MatView(data_in, rows_in, cols_in, cols_in) {}

  /// MatView<float> reads as MatView<const float>.
  template <typename U>
  requires(std::is_same_v<const U, T> && !std::is_const_v<U>) MatView(const MatView<U>& other)
      : MatView(other.data, other.rows, other.cols, other.stride) {}  // NOLINT

  T* row(std::int64_t i) const {
    CARAT_DCHECK(i >= 0 && i < rows);
    return data + i * stride;
  }
  /// Columns [first, first + n) of every row.
  MatView columns(std::int64_t first, std::int64_t n) const {
    CARAT_DCHECK(first >= 0 && n >= 0 && first + n <= cols);
    return {data + first, rows, n, stride};
  }
  MatView first_rows(std::int64_t n) const {
    CARAT_DCHECK(n >= 0 && n <= rows);
    return {data, n, cols, stride};
  }
};

}  // namespace carat
