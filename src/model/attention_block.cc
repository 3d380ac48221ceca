#include "model/attention_block.h"

#include <algorithm>

#include "base/arena.h"
#include "kernels/attention.h"
#include "kernels/kv_store.h"
#include "kernels/matmul.h"
#include "kernels/parallel_rows.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"

namespace carat::model {
namespace {

kernels::KvElement element_of(KvType type) { return static_cast<kernels::KvElement>(static_cast<int>(type)); }

// Keys [first, end) that a row sees in this layer: causal, inside the window, and inside sliding layers the rest of its
// picture block, bounded by the window on that side too (spec/text-model.md 3.4).
void visible_keys(const StepContext& step, const LayerConfig& layer, std::int64_t r, kernels::AttentionRow& out) {
  const std::int64_t pos = step.rows[static_cast<std::size_t>(r)].position;
  out.first_key = layer.window > 0 ? std::max<std::int64_t>(0, pos - layer.window + 1) : 0;
  out.end_key = pos + 1;
  if (layer.sliding && step.config.block_attention == BlockAttention::kVisionBlocks) {
    out.end_key = std::min(step.block_end[static_cast<std::size_t>(r)], pos + layer.window);
  }
}

}  // namespace

void write_kv(const LayerConfig& layer, std::int64_t index, const LayerWeights& weights, MatView<const float> normed,
              MatView<float> q, StepContext& step) {
  const Arena::Scope scope(*step.exec.arena);
  const auto eps = static_cast<float>(step.config.rms_norm_eps);
  const std::int64_t width = layer.n_kv_heads * layer.head_dim;
  const MatView<float> k = step.allocate(step.n_rows(), width), v = step.allocate(step.n_rows(), width);
  const kernels::PackedView* w[3] = {&weights.k_proj.view()};
  MatView<float> y[3] = {k};
  std::size_t n = 1;
  const auto also = [&](const nn::PackedMatrix& matrix, MatView<float> result) {
    w[n] = &matrix.view();
    y[n++] = result;
  };
  if (!layer.v_is_k) also(weights.v_proj, v);
  if (q.data != nullptr) also(weights.q_proj, q);
  kernels::matmul(normed, std::span(w, n), std::span(y, n), step.exec);
  if (layer.v_is_k) {
    for (std::int64_t r = 0; r < k.rows; ++r) std::copy(k.row(r), k.row(r) + width, v.row(r));
  }
  kernels::rms_norm_heads(k, layer.head_dim, weights.k_norm, eps, k, step.exec);
  const RopeTable& rope = step.rope_of(layer);
  kernels::apply_rope(k, layer.head_dim, rope.cos, rope.sin, step.exec);
  if (step.config.v_norm) kernels::rms_norm_heads(v, layer.head_dim, {}, eps, v, step.exec);
  step.see(index, "k", k);
  step.see(index, "v", v);

  const KvLayerLayout layout{index, layer.n_kv_heads, layer.head_dim, layer.window, step.kv.type};
  kernels::for_each_row(step.exec, k.rows, [&](std::int64_t t) {
    const Row& row = step.rows[static_cast<std::size_t>(t)];
    const auto& pages =
        step.kv.sequences[static_cast<std::size_t>(row.sequence)]->pages[static_cast<std::size_t>(index)];
    std::byte* page = pages[static_cast<std::size_t>(row.position / kKvPageKeys)];
    for (std::int64_t h = 0; h < layer.n_kv_heads; ++h) {
      kernels::store_kv(k.row(t) + h * layer.head_dim, v.row(t) + h * layer.head_dim, layer.head_dim,
                        element_of(layout.type), row.position % kKvPageKeys, page + h * layout.head_bytes());
    }
  });
}

void attend(const LayerConfig& layer, std::int64_t index, const LayerWeights& weights, MatView<float> q,
            MatView<float> out, StepContext& step) {
  const Arena::Scope scope(*step.exec.arena);
  const MatView<float> heads = step.allocate(q.rows, q.cols);
  kernels::rms_norm_heads(q, layer.head_dim, weights.q_norm, static_cast<float>(step.config.rms_norm_eps), q,
                          step.exec);
  const RopeTable& rope = step.rope_of(layer);
  kernels::apply_rope(q, layer.head_dim, rope.cos, rope.sin, step.exec);
  step.see(index, "q", q);

  std::vector<kernels::AttentionRow> rows(static_cast<std::size_t>(step.n_rows()));
  for (std::int64_t r = 0; r < step.n_rows(); ++r) {
    const Row& row = step.rows[static_cast<std::size_t>(r)];
    const KvSequencePages& sequence = *step.kv.sequences[static_cast<std::size_t>(row.sequence)];
    rows[static_cast<std::size_t>(r)].pages = sequence.pages[static_cast<std::size_t>(layer.kv_layer)].data();
    visible_keys(step, layer, r, rows[static_cast<std::size_t>(r)]);
  }
  const kernels::AttentionShape shape{layer.n_heads, layer.n_kv_heads, layer.head_dim,
                                      static_cast<float>(step.config.attention_scale), element_of(step.kv.type)};
  kernels::attention(q, rows, shape, heads, step.exec);
  step.see(index, "heads", heads);
  kernels::matmul(heads, weights.o_proj.view(), out, step.exec);
}

std::size_t attention_scratch_bytes(const ModelConfig& config, std::int64_t n_rows) {
  std::size_t most = 0;
  for (const LayerConfig& layer : config.layers) {
    const std::int64_t q = layer.n_heads * layer.head_dim, kv = layer.n_kv_heads * layer.head_dim;
    const std::size_t write = 2 * scratch_bytes(n_rows, kv);
    const std::size_t read = scratch_bytes(n_rows, q);
    const std::size_t product = kernels::matmul_scratch_bytes(n_rows, std::max(q, config.d_model));
    most = std::max(most, scratch_bytes(n_rows, q) +
                              std::max(write + product, read + std::max(product, kernels::attention_scratch_bytes())));
  }
  return most;
}

}  // namespace carat::model
