#include "nn/weights.h"

#include <fmt/core.h>

#include <cmath>

#include "quant/decode.h"

namespace carat::nn {

Result<std::vector<float>> read_vector(const formats::Tensor& tensor, float add) {
  if (!quant::can_decode(tensor.dtype)) {
    return unsupported(fmt::format("tensor {}: type {} cannot be read as numbers; expected F32, F16 or BF16",
                                   tensor.name, dtype_name(tensor.dtype)));
  }
  std::vector<float> values(static_cast<std::size_t>(tensor.n_elements()));
  quant::decode_row(tensor.dtype, tensor.data.data(), tensor.n_elements(), values.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return corrupt(
          fmt::format("tensor {}: element {} is not a finite number; download the file again", tensor.name, i));
    }
    values[i] += add;
  }
  return values;
}

Result<void> Embedding::lookup(std::int64_t id, float scale, std::span<float> out) const {
  const formats::Tensor& t = *table_;
  CARAT_CHECK(id >= 0 && id < t.rows() && static_cast<std::int64_t>(out.size()) == t.cols());
  const DTypeInfo& info = dtype_info(t.dtype);
  const std::byte* row = t.data.data() + id * (t.cols() / info.block_elements * info.block_bytes);
  if (!quant::finite_scales(t.dtype, row, t.cols())) {
    return corrupt(fmt::format("tensor {}: row {} holds a scale that is not a finite number; download the file again",
                               t.name, id));
  }
  quant::decode_row(t.dtype, row, t.cols(), out.data());
  for (float& v : out) v *= scale;
  return {};
}

}  // namespace carat::nn
