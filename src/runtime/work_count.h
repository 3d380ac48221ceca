#pragma once

#include <cstdint>

#include "model/config.h"
#include "model/kv_view.h"
#include "model/weights.h"

namespace carat::runtime {

/// What a model's weights cost: bytes as packed, and parameters (a parameter is one multiply-add, two operations, for
/// each row that meets it). Norms and the embedding tables that are read a row at a time are left out. Of experts: the
/// active ones. "Lower" are the layers up to the last one with K/V of its own, which every row of a prompt passes.
struct WeightCount {
  std::int64_t bytes = 0;             ///< read for one token, with the output table
  std::int64_t expert_bytes = 0;      ///< of them, of active experts
  std::int64_t lower_parameters = 0;  ///< with the projection of the per-layer embeddings
  std::int64_t upper_parameters = 0;
  std::int64_t head_parameters = 0;
  std::int64_t quantised_parameters = 0;  ///< of all of them, those that `fast` multiplies in int8

  std::int64_t parameters() const { return lower_parameters + upper_parameters + head_parameters; }
};
WeightCount count_weights(const model::ModelConfig& config, const model::ModelWeights& weights);

/// Bytes of weights that one step of n rows of different sequences reads: with experts, the expected number of
/// different ones, n_experts (1 - (1 - top_k / n_experts)^n).
double step_weight_bytes(const model::ModelConfig& config, const WeightCount& weights, std::int64_t n_rows);

/// Bytes of K and V that a row reads which sees n_keys keys, itself included; sliding layers stop at their window, and
/// a layer that reads a donor's K/V reads them again.
std::int64_t kv_read_bytes(const model::ModelConfig& config, model::KvType type, std::int64_t n_keys);

/// Operations of attention for rows at positions [first, end): 4 n_heads head_dim a key. `n_layers`: the first so many.
double attention_ops(const model::ModelConfig& config, std::int64_t first, std::int64_t end, std::int64_t n_layers);

/// Operations of a prompt of n tokens from position 0 whose last row gives logits: all rows pass the lower layers, the
/// last one also the upper ones and the output table.
double prompt_ops(const model::ModelConfig& config, const WeightCount& weights, std::int64_t n_tokens);

/// Operations of one generated token at a position.
double token_ops(const model::ModelConfig& config, const WeightCount& weights, std::int64_t position);

}  // namespace carat::runtime
