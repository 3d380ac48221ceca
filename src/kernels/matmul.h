#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/exec.h"
#include "kernels/packed/packed_view.h"
#include "tensor/view.h"

namespace carat::kernels {

/// y_i[t, r] = sum_k W_i[r, k] x[t, k]        for several matrices of one input in one parallel region
///
/// x    [tokens, cols]     f32; rows may be strided
/// W_i  [rows_i, cols]     packed, any format; formats may differ
/// y_i  [tokens, rows_i]   f32; rows may be strided; must not overlap x or each other
///
/// Arithmetic: docs/arithmetic.md 4, chosen by exec.compute. One fixed order over k, the same for one column and for
/// many, so a result depends neither on the other tokens nor on threads.
///   kExact  f32 activations.               Error against ref <= 1e-6 * sum |W x|; matmul_test.cc
///   kFast   int8 activations; float weights as in kExact.
///           Error against ref on the same int8 activations <= 1e-6 * sum |W x|; matmul/matmul_i8_test.cc
/// Scratch: matmul_scratch_bytes(tokens, cols) of exec.arena.
void matmul(MatView<const float> x, std::span<const PackedView* const> weights, std::span<const MatView<float>> ys,
            Exec& exec);

/// One matrix.
void matmul(MatView<const float> x, const PackedView& weight, MatView<float> y, Exec& exec);

std::size_t matmul_scratch_bytes(std::int64_t tokens, std::int64_t cols);

}  // namespace carat::kernels
