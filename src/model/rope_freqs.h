#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "formats/tensor_source.h"

namespace carat::model {

inline constexpr std::string_view kRopeFreqsName = "rope_freqs.weight";

/// How many pairs turn, from GGUF's rope_freqs.weight: divisors of the frequencies of full layers, 1.0 for pairs that
/// turn, then 1e30 (at least 1e29) for those that do not. Errors: kUnsupported for any other content or type.
Result<std::int64_t> count_rotated_pairs(const formats::Tensor& rope_freqs, std::int64_t head_dim,
                                         std::string_view where);

}  // namespace carat::model
