#include "model/per_layer_embedding.h"

#include <algorithm>
#include <cmath>

#include "base/arena.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/rms_norm.h"
#include "tensor/half.h"

namespace carat::model {

Result<void> per_layer_inputs(const ModelWeights& weights, MatView<const float> x, MatView<float> ple,
                              StepContext& step) {
  const ModelConfig& c = step.config;
  kernels::matmul(x, weights.per_layer_model_projection.view(), ple, step.exec);
  const auto root = static_cast<float>(1.0 / std::sqrt(static_cast<double>(c.d_model)));
  kernels::scale(ple, root, ple, step.exec);
  kernels::rms_norm_heads(ple, c.ple_dim, weights.per_layer_projection_norm, static_cast<float>(c.rms_norm_eps), ple,
                          step.exec);
  const Arena::Scope scope(*step.exec.arena);
  const auto width = static_cast<std::size_t>(ple.cols);
  const MatView<float> tok(step.exec.arena->allocate<float>(ple.cols), 1, ple.cols);
  const float table_scale = round_to_bf16(std::sqrt(static_cast<float>(c.ple_dim)));
  const auto half_root = static_cast<float>(1.0 / std::sqrt(2.0));
  for (std::int64_t r = 0; r < ple.rows; ++r) {
    const Row& row = step.rows[static_cast<std::size_t>(r)];
    const std::int64_t id = row.soft_embedding != nullptr ? c.pad_token_id : row.token;
    RETURN_IF_ERROR(weights.embed_tokens_per_layer.lookup(id, table_scale, {tok.data, width}));
    const MatView<float> out(ple.row(r), 1, ple.cols);
    kernels::add(out, tok, out, step.exec);
    kernels::scale(out, half_root, out, step.exec);
  }
  step.see(-1, "ple", ple);
  return {};
}

void add_per_layer_input(const PerLayerWeights& weights, MatView<const float> ple_i, MatView<float> x,
                         StepContext& step) {
  const Arena::Scope scope(*step.exec.arena);
  const MatView<float> gate = step.allocate(x.rows, ple_i.cols), y = step.allocate(x.rows, x.cols);
  kernels::matmul(x, weights.per_layer_input_gate.view(), gate, step.exec);
  kernels::gelu_mul(gate, ple_i, gate, step.exec);
  kernels::matmul(gate, weights.per_layer_projection.view(), y, step.exec);
  kernels::rms_norm(y, weights.post_per_layer_input_norm, static_cast<float>(step.config.rms_norm_eps), y, step.exec);
  kernels::add(x, y, x, step.exec);
}

std::size_t per_layer_scratch_bytes(const ModelConfig& config, std::int64_t n_rows) {
  if (config.ple_dim == 0) return 0;
  const std::size_t inject = scratch_bytes(n_rows, config.ple_dim) + scratch_bytes(n_rows, config.d_model);
  return std::max(inject, Arena::rounded_floats(config.n_layers() * config.ple_dim)) +
         kernels::matmul_scratch_bytes(n_rows, config.d_model);
}

}  // namespace carat::model
