#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "kernels/exec.h"
#include "model/model.h"

namespace carat::runtime {

struct ProbeOptions {
  model::KvType kv_type = model::KvType::kF32;
  std::int64_t chunk = 512;   ///< most rows of a step
  bool all_rows = false;      ///< logits (and hidden) of every position, not only the last
  bool hidden = false;        ///< also the residual after the embedding and after every layer
  std::int64_t n_greedy = 0;  ///< argmax tokens to append; ends are ignored
};

struct ProbeResult {
  std::vector<float> logits;               ///< [rows, vocab_size]
  std::vector<std::vector<float>> hidden;  ///< n_layers + 1 of [rows, d_model]
  std::vector<tokenizer::TokenId> greedy_ids;
};

/// What the model computes for given ids, for people who port and compare models: one fresh sequence, no sampling, no
/// stop rules. Errors: kInvalidArgument for no ids, an id outside the vocabulary, or more positions than the context
/// holds.
Result<ProbeResult> probe(model::Model& model, std::span<const tokenizer::TokenId> ids, const ProbeOptions& options,
                          kernels::Exec& exec);

}  // namespace carat::runtime
