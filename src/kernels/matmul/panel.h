#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/exec.h"
#include "kernels/matmul/activations.h"
#include "kernels/packed/packed_view.h"
#include "tensor/view.h"

namespace carat::kernels {

/// The panel that a packed format multiplies. REQUIRES: a format with codes.
PanelKind panel_kind(PackedFormat format);

/// Rows rounded to int8 (docs/arithmetic.md, `fast`), before they are laid out for a kind of weights:
///   d = max |x| / 127 over a block of 32;  q = nearest even (x / d);  d = 0 gives q = 0
struct QuantizedRows {
  const std::int8_t* q = nullptr;      ///< [tokens, n_blocks * 32], zero beyond the columns
  const float* d = nullptr;            ///< [tokens, n_blocks]
  const std::int32_t* sums = nullptr;  ///< [tokens, 2 n_blocks]: of 16 q each
  std::int64_t n_tokens = 0;
  std::int64_t n_blocks = 0;
};

/// Memory comes from exec.arena and lives as long as the caller's scope.
QuantizedRows quantize_rows(MatView<const float> x, std::int64_t cols_padded, Exec& exec);
Panel make_panel(const QuantizedRows& rows, PanelKind kind, Exec& exec);

/// Arena bytes of both for `tokens` rows and up to two kinds of panels.
std::size_t panel_scratch_bytes(std::int64_t tokens, std::int64_t cols_padded);

}  // namespace carat::kernels
