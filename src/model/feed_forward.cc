#include "model/feed_forward.h"

#include <algorithm>
#include <cstring>

#include "base/arena.h"
#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"
#include "kernels/matmul.h"
#include "kernels/rms_norm.h"
#include "kernels/router.h"

namespace carat::model {
namespace {

struct Routed {
  std::int64_t row;
  float weight;
};

// By expert: which rows use it, ascending, and with which weight.
std::vector<std::vector<Routed>> route(std::int64_t index, const MoeWeights& weights, MatView<const float> x,
                                       StepContext& step) {
  const Arena::Scope scope(*step.exec.arena);
  const ModelConfig& c = step.config;
  const MatView<float> t = step.allocate(x.rows, c.d_model);
  kernels::rms_norm(x, weights.router_scale, static_cast<float>(c.rms_norm_eps), t, step.exec);
  const MatView<float> p = step.allocate(x.rows, c.n_experts);
  kernels::matmul(t, weights.router_proj.view(), p, step.exec);
  kernels::softmax(p, p, step.exec);
  step.see(index, "router_prob", p);

  const auto k = static_cast<std::size_t>(c.top_k_experts);
  std::vector<std::int32_t> experts(k);
  const MatView<float> chosen = step.allocate(x.rows, c.top_k_experts), share = step.allocate(x.rows, c.top_k_experts);
  std::vector<std::vector<Routed>> by_expert(static_cast<std::size_t>(c.n_experts));
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const std::span<float> w(share.row(r), k);
    kernels::route_top_k({p.row(r), static_cast<std::size_t>(c.n_experts)}, experts, w);
    for (std::size_t i = 0; i < k; ++i) {
      const auto e = static_cast<std::size_t>(experts[i]);
      w[i] *= weights.per_expert_scale[e];
      chosen.row(r)[i] = static_cast<float>(experts[i]);
      by_expert[e].push_back({r, w[i]});
    }
  }
  step.see(index, "router_weight", share);
  step.see(index, "router_index", chosen);
  return by_expert;
}

// sum[row] += weight * expert(z[row]) for the rows of one expert.
void add_expert(std::int64_t expert, const MoeWeights& weights, const std::vector<Routed>& routed,
                MatView<const float> z, MatView<float> sum, StepContext& step) {
  const Arena::Scope scope(*step.exec.arena);
  const std::int64_t n = static_cast<std::int64_t>(routed.size()), d_ff = step.config.expert_d_ff;
  const MatView<float> in = step.allocate(n, z.cols), gate_up = step.allocate(n, 2 * d_ff),
                       out = step.allocate(n, z.cols);
  for (std::int64_t i = 0; i < n; ++i) {
    std::memcpy(in.row(i), z.row(routed[static_cast<std::size_t>(i)].row),
                static_cast<std::size_t>(z.cols) * sizeof(float));
  }
  const MatView<float> gate = gate_up.columns(0, d_ff), up = gate_up.columns(d_ff, d_ff);
  if (!weights.gate_up.empty()) {
    kernels::matmul(in, weights.gate_up.slice(expert), gate_up, step.exec);
  } else {
    const kernels::PackedView g = weights.gate.slice(expert), u = weights.up.slice(expert);
    const kernels::PackedView* const w[] = {&g, &u};
    const MatView<float> y[] = {gate, up};
    kernels::matmul(in, w, y, step.exec);
  }
  kernels::gelu_mul(gate, up, gate, step.exec);
  kernels::matmul(gate, weights.down.slice(expert), out, step.exec);
  for (std::int64_t i = 0; i < n; ++i) {
    const Routed& r = routed[static_cast<std::size_t>(i)];
    step.exec.table->scaled_add(out.row(i), r.weight, z.cols, sum.row(r.row));
  }
}

}  // namespace

void feed_forward(const LayerConfig& layer, const LayerWeights& weights, MatView<const float> z, MatView<float> out,
                  StepContext& step) {
  const Arena::Scope scope(*step.exec.arena);
  const MatView<float> gate = step.allocate(z.rows, layer.d_ff), up = step.allocate(z.rows, layer.d_ff);
  const kernels::PackedView* const w[] = {&weights.gate_proj.view(), &weights.up_proj.view()};
  const MatView<float> y[] = {gate, up};
  kernels::matmul(z, w, y, step.exec);
  kernels::gelu_mul(gate, up, gate, step.exec);
  kernels::matmul(gate, weights.down_proj.view(), out, step.exec);
}

void mixture_of_experts(std::int64_t index, const MoeWeights& weights, MatView<const float> x, MatView<float> dense,
                        StepContext& step) {
  const Arena::Scope scope(*step.exec.arena);
  const auto eps = static_cast<float>(step.config.rms_norm_eps);
  kernels::rms_norm(dense, weights.post_feedforward_layernorm_1, eps, dense, step.exec);
  const auto by_expert = route(index, weights, x, step);

  const MatView<float> z = step.allocate(x.rows, x.cols), sum = step.allocate(x.rows, x.cols);
  kernels::rms_norm(x, weights.pre_feedforward_layernorm_2, eps, z, step.exec);
  for (std::int64_t r = 0; r < sum.rows; ++r) std::fill(sum.row(r), sum.row(r) + sum.cols, 0.0f);
  for (std::size_t e = 0; e < by_expert.size(); ++e) {
    if (!by_expert[e].empty()) add_expert(static_cast<std::int64_t>(e), weights, by_expert[e], z, sum, step);
  }
  kernels::rms_norm(sum, weights.post_feedforward_layernorm_2, eps, sum, step.exec);
  kernels::add(dense, sum, dense, step.exec);
}

std::size_t feed_forward_scratch_bytes(const ModelConfig& config, std::int64_t n_rows, std::int64_t n_wanted) {
  std::size_t dense = 0;
  for (std::int64_t i = 0; i < config.n_layers(); ++i) {
    const std::int64_t d_ff = config.layers[static_cast<std::size_t>(i)].d_ff;
    const std::int64_t rows = i < config.first_shared_layer() ? n_rows : n_wanted;
    dense = std::max(
        dense, 2 * scratch_bytes(rows, d_ff) + kernels::matmul_scratch_bytes(rows, std::max(d_ff, config.d_model)));
  }
  if (config.n_experts == 0) return dense;
  // z and sum, then either the router's or one expert's rows; at worst every row uses the expert.
  const std::size_t rows = scratch_bytes(n_rows, config.d_model);
  const std::size_t router =
      rows + scratch_bytes(n_rows, config.n_experts) + 2 * scratch_bytes(n_rows, config.top_k_experts);
  const std::size_t expert = 2 * rows + scratch_bytes(n_rows, 2 * config.expert_d_ff);
  const std::size_t product = kernels::matmul_scratch_bytes(n_rows, std::max(config.d_model, config.expert_d_ff));
  return std::max(dense, 2 * rows + std::max(router, expert) + product);
}

}  // namespace carat::model
