#include "model/rope_freqs.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "formats/tensor_values.h"

namespace carat::model {

Result<std::int64_t> count_rotated_pairs(const formats::Tensor& rope_freqs, std::int64_t head_dim,
                                         std::string_view where) {
  if (rope_freqs.dtype != DType::kF32 || rope_freqs.shape.size() != 1 || rope_freqs.cols() != head_dim / 2) {
    return corrupt(fmt::format("{}: tensor {} must be F32 with one number per pair of a full layer's head ({})", where,
                               kRopeFreqsName, head_dim / 2));
  }
  ASSIGN_OR_RETURN(const std::vector<float> divisors, formats::to_floats(rope_freqs));
  const auto still = std::find_if(divisors.begin(), divisors.end(), [](float d) { return d != 1.0f; });
  if (!std::all_of(still, divisors.end(), [](float d) { return d >= 1e29f; })) {
    return unsupported(
        fmt::format("{}: tensor {} must hold 1.0 for the pairs that turn and then 1e30; other frequency "
                    "divisors are not known in any Gemma",
                    where, kRopeFreqsName));
  }
  return still - divisors.begin();
}

}  // namespace carat::model
