#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernels/packed/packed_view.h"
#include "tensor/dtype.h"

namespace carat::kernels {

/// Which packed format a file's type becomes; nullopt for types that are no weights. The one table of kinds.
std::optional<PackedFormat> packed_format(DType dtype);
const char* packed_format_name(PackedFormat format);

/// The view that a matrix [rows, cols] of `dtype` will have, `data` still null; bytes = n_groups() * group_bytes.
/// REQUIRES: packed_format(dtype) has a value; cols is a multiple of the type's block.
PackedView plan_packed(DType dtype, std::int64_t rows, std::int64_t cols);

/// Packs one group of 16 rows into `group` (view.group_bytes, zeroed). `rows` points at the group's first row in the
/// file's own layout, rows `row_bytes` apart; rows past view.rows are left zero. Returns false, with the group left
/// undefined, when a scale or a float weight is NaN or infinite. Bytes depend on the input only.
bool pack_group(const PackedView& view, DType dtype, const std::byte* rows, std::int64_t row_bytes,
                std::int64_t group_index, std::uint8_t* group);

/// y[k] = the weight of `row` at k, k < cols, as scale * code - minimum in f32: what the packed bytes mean.
void decode_packed_row(const PackedView& view, std::int64_t row, float* y);

}  // namespace carat::kernels
