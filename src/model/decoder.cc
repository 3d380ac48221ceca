#include "model/decoder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/arena.h"
#include "base/bad_alloc.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "model/attention_block.h"
#include "model/feed_forward.h"
#include "model/per_layer_embedding.h"

namespace carat::model {
namespace {

bool wanted(const Row& row) { return row.wants_logits || row.wants_hidden; }

// One past the last position of each row's block, or of the row itself.
std::vector<std::int64_t> block_ends(std::span<const Row> rows) {
  std::vector<std::int64_t> ends(rows.size());
  for (std::size_t i = rows.size(); i-- > 0;) {
    ends[i] = rows[i].position + 1;
    const bool continues = rows[i].block >= 0 && i + 1 < rows.size() && rows[i + 1].block == rows[i].block &&
                           rows[i + 1].sequence == rows[i].sequence;
    if (continues) ends[i] = ends[i + 1];
  }
  return ends;
}

// Angles once per distinct (RopeConfig, head size): two a model at most.
void make_rope_tables(StepContext& step) {
  std::vector<std::int64_t> positions;
  for (const Row& row : step.rows) positions.push_back(row.position);
  for (const LayerConfig& layer : step.config.layers) {
    const auto same = [&](const RopeTable& t) { return t.rope == layer.rope && t.head_dim == layer.head_dim; };
    if (std::any_of(step.rope.begin(), step.rope.end(), same)) continue;
    const std::int64_t n = layer.rope.n_rotated_pairs;
    const auto frequencies = kernels::rope_frequencies(layer.rope.base, layer.rope.position_divisor, layer.head_dim, n);
    RopeTable table{layer.rope, layer.head_dim, {}, {}};
    table.cos = {step.exec.arena->allocate<float>(step.n_rows() * n), step.n_rows(), n};
    table.sin = {step.exec.arena->allocate<float>(step.n_rows() * n), step.n_rows(), n};
    kernels::rope_angles(positions, frequencies, table.cos, table.sin, step.exec);
    step.rope.push_back(table);
  }
}

// Moves row keep[i] to row i; keep ascends, so nothing is overwritten before it is read.
void compact(MatView<float>& m, std::span<const std::int64_t> keep) {
  for (std::size_t i = 0; i < keep.size(); ++i) {
    const auto to = static_cast<std::int64_t>(i);
    if (keep[i] != to) std::memcpy(m.row(to), m.row(keep[i]), static_cast<std::size_t>(m.cols) * sizeof(float));
  }
  m = m.first_rows(static_cast<std::int64_t>(keep.size()));
}

// From here on only rows that somebody wants are computed: their K/V is written, nothing above needs the others.
void drop_unwanted_rows(MatView<float>& x, MatView<float>& normed, MatView<float>& ple, StepContext& step) {
  std::vector<std::int64_t> keep;
  for (std::int64_t r = 0; r < step.n_rows(); ++r) {
    if (wanted(step.rows[static_cast<std::size_t>(r)])) keep.push_back(r);
  }
  compact(x, keep);
  compact(normed, keep);
  if (ple.data != nullptr) compact(ple, keep);
  for (RopeTable& table : step.rope) {
    compact(table.cos, keep);
    compact(table.sin, keep);
  }
  for (std::size_t i = 0; i < keep.size(); ++i) {
    step.rows[i] = step.rows[static_cast<std::size_t>(keep[i])];
    step.block_end[i] = step.block_end[static_cast<std::size_t>(keep[i])];
  }
  step.rows.resize(keep.size());
  step.block_end.resize(keep.size());
}

}  // namespace

const RopeTable& StepContext::rope_of(const LayerConfig& layer) const {
  for (const RopeTable& table : rope) {
    if (table.rope == layer.rope && table.head_dim == layer.head_dim) return table;
  }
  CARAT_CHECK(false && "make_rope_tables covers every layer");
  return rope.front();
}

Result<std::unique_ptr<Decoder>> Decoder::load(Checkpoint checkpoint, ThreadPool& pool, LoadOptions options) {
  return no_bad_alloc([&]() -> Result<std::unique_ptr<Decoder>> {
    if (checkpoint.config.architecture == Architecture::kGemma4Assistant) {
      return unsupported(fmt::format("{}: is a drafter, which only runs beside its target; give the target model",
                                     checkpoint.source.path.string()));
    }
    auto weights =
        load_weights(checkpoint.config, checkpoint.tensors, pool,
                     {.ready = options.ready.get(), .hash_source = options.hash_source, .progress = options.progress});
    if (!weights) return std::move(weights).error().while_doing(checkpoint.source.path.string());
    return std::unique_ptr<Decoder>(new Decoder(std::move(checkpoint.source), std::move(options.ready),
                                                std::move(checkpoint.config), std::move(weights).value()));
  });
}

Result<void> Decoder::step(std::span<const Row> rows, const KvView& kv, kernels::Exec& exec, StepOutput& out,
                           ForwardTap* tap) {
  return no_bad_alloc([&]() -> Result<void> {
    out.logits.clear();
    out.hidden.clear();
    if (rows.empty()) return {};
    for (const Row& row : rows) {
      if (row.soft_embedding == nullptr && (row.token < 0 || row.token >= config_.vocab_size)) {
        return invalid_argument(fmt::format("token id {} is outside the vocabulary of {} entries; expected 0 to {}",
                                            row.token, config_.vocab_size, config_.vocab_size - 1));
      }
    }
    const auto n = static_cast<std::int64_t>(rows.size());
    const bool all = tap != nullptr && tap->wants_all_rows();
    const std::int64_t n_wanted = all ? n : std::count_if(rows.begin(), rows.end(), wanted);
    RETURN_IF_ERROR(exec.arena->reserve(step_arena_bytes(config_, n, n_wanted)));
    const Arena::Scope scope(*exec.arena);
    StepContext step{config_, kv, exec, tap, {rows.begin(), rows.end()}, block_ends(rows), {}};
    make_rope_tables(step);

    MatView<float> x(exec.arena->allocate<float>(n * config_.d_model), n, config_.d_model);
    MatView<float> ple;
    if (config_.ple_dim > 0) {
      const std::int64_t width = config_.n_layers() * config_.ple_dim;
      ple = {exec.arena->allocate<float>(n * width), n, width};
    }
    Result<void> embedded = embed(x, step);
    if (embedded && config_.ple_dim > 0) embedded = per_layer_inputs(weights_, x, ple, step);
    if (!embedded) return std::move(embedded).error().while_doing(source_.path.string());
    for (std::int64_t i = 0; i < config_.n_layers() && step.n_rows() > 0; ++i) run_layer(i, x, ple, step);
    if (step.n_rows() > 0) finish(x, step, out);
    return {};
  });
}

Result<void> Decoder::embed(MatView<float> x, StepContext& step) const {
  const auto width = static_cast<std::size_t>(x.cols);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const Row& row = step.rows[static_cast<std::size_t>(r)];
    if (row.soft_embedding != nullptr) {
      std::memcpy(x.row(r), row.soft_embedding, width * sizeof(float));
    } else {
      RETURN_IF_ERROR(weights_.embed_tokens.lookup(row.token, config_.embedding_scale, {x.row(r), width}));
    }
  }
  step.see(-1, "embedding", x);
  return {};
}

// The residual order of spec/text-model.md 4: every block is normed before and after, then added.
void Decoder::run_layer(std::int64_t index, MatView<float>& x, MatView<float>& ple, StepContext& step) const {
  const LayerConfig& layer = config_.layers[static_cast<std::size_t>(index)];
  const LayerWeights& w = weights_.layers[static_cast<std::size_t>(index)];
  const auto eps = static_cast<float>(config_.rms_norm_eps);
  const Arena::Scope scope(*step.exec.arena);
  MatView<float> normed = step.allocate(x.rows, x.cols);
  kernels::rms_norm(x, w.input_layernorm, eps, normed, step.exec);
  const bool last_with_all = index + 1 == config_.first_shared_layer() &&
                             !(step.tap != nullptr && step.tap->wants_all_rows()) &&
                             !std::all_of(step.rows.begin(), step.rows.end(), wanted);
  MatView<float> q;
  if (layer.owns_kv(index)) {
    if (!last_with_all) q = step.allocate(x.rows, layer.n_heads * layer.head_dim);
    write_kv(layer, index, w, normed, q, step);
  }
  if (last_with_all) {
    drop_unwanted_rows(x, normed, ple, step);
    if (step.n_rows() == 0) return;
  }
  if (q.data == nullptr) {
    q = step.allocate(x.rows, layer.n_heads * layer.head_dim);
    kernels::matmul(normed, w.q_proj.view(), q, step.exec);
  }
  const MatView<float> branch = step.allocate(x.rows, x.cols);
  attend(layer, index, w, q, branch, step);
  kernels::rms_norm(branch, w.post_attention_layernorm, eps, branch, step.exec);
  kernels::add(x, branch, x, step.exec);

  kernels::rms_norm(x, w.pre_feedforward_layernorm, eps, normed, step.exec);
  feed_forward(layer, w, normed, branch, step);
  if (w.moe) mixture_of_experts(index, *w.moe, x, branch, step);
  kernels::rms_norm(branch, w.post_feedforward_layernorm, eps, branch, step.exec);
  kernels::add(x, branch, x, step.exec);

  if (w.per_layer) {
    add_per_layer_input(*w.per_layer, ple.columns(index * config_.ple_dim, config_.ple_dim), x, step);
  }
  if (config_.has_layer_scalar) kernels::scale(x, w.layer_scalar, x, step.exec);
  step.see(index, "hidden", x);
}

void Decoder::finish(MatView<float> x, StepContext& step, StepOutput& out) const {
  kernels::rms_norm(x, weights_.norm, static_cast<float>(config_.rms_norm_eps), x, step.exec);
  step.see(-1, "final_norm", x);
  std::vector<std::int64_t> with_logits;
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const Row& row = step.rows[static_cast<std::size_t>(r)];
    if (row.wants_hidden) out.hidden.insert(out.hidden.end(), x.row(r), x.row(r) + x.cols);
    if (row.wants_logits) with_logits.push_back(r);
  }
  compact(x, with_logits);
  out.logits.resize(with_logits.size() * static_cast<std::size_t>(config_.vocab_size));
  if (with_logits.empty()) return;
  const MatView<float> logits(out.logits.data(), x.rows, config_.vocab_size);
  kernels::matmul(x, weights_.lm_head.view(), logits, step.exec);
  step.see(-1, "raw_logits", logits);
  if (config_.final_logit_softcap > 0) {
    kernels::softcap(logits, static_cast<float>(config_.final_logit_softcap), logits, step.exec);
  }
}

std::size_t step_arena_bytes(const ModelConfig& config, std::int64_t n_rows, std::int64_t n_wanted) {
  const std::size_t row = Arena::rounded_floats(n_rows * config.d_model);
  std::size_t bytes = row + 2 * scratch_bytes(n_rows, config.d_model);  // x, normed, branch
  if (config.ple_dim > 0) bytes += Arena::rounded_floats(n_rows * config.n_layers() * config.ple_dim);
  std::vector<std::pair<RopeConfig, std::int64_t>> seen;
  for (const LayerConfig& layer : config.layers) {
    const std::pair key(layer.rope, layer.head_dim);
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
    seen.push_back(key);
    bytes += 2 * Arena::rounded_floats(n_rows * layer.rope.n_rotated_pairs);
  }
  return bytes +
         std::max({attention_scratch_bytes(config, n_rows), feed_forward_scratch_bytes(config, n_rows, n_wanted),
                   per_layer_scratch_bytes(config, n_rows), kernels::matmul_scratch_bytes(n_rows, config.d_model)});
}

}  // namespace carat::model
