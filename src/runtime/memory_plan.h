#pragma once

#include <cstdint>

#include "base/result.h"
#include "model/checkpoint.h"
#include "model/kv_view.h"

namespace carat::runtime {

struct MemoryPlanOptions {
  std::int64_t context = 0;  ///< tokens a sequence may hold
  std::int64_t n_sequences = 1;
  bool keeps_prompt = false;  ///< a fork of the prompt is kept while it is answered (KvCache::planned_fork_bytes)
  std::int64_t chunk = 0;     ///< most rows of a step
  model::KvType kv_type = model::KvType::kF32;
  bool weights_mapped = false;
  std::int64_t tokenizer_bytes = 0;  ///< Tokenizer::memory_bytes(); 0 = estimated from the vocabulary's size
};

/// Anonymous and packed memory, in bytes, that a model needs once its context is full: the plan that is printed before
/// loading and right to 3 % afterwards. Embedding tables that are read a row at a time stay in their file and are not
/// in it. Advice, except above max_memory or the machine's memory.
struct MemoryPlan {
  std::int64_t weights = 0;     ///< packed matrices
  bool weights_mapped = false;  ///< from a packed copy (model/packed_copy.h), shared with others that map it
  std::int64_t kv = 0;          ///< K/V pages at `context`
  std::int64_t step = 0;        ///< buffers of the largest step and its logits
  std::int64_t tokenizer = 0;
  std::int64_t program = 0;  ///< heap of everything else: names, vectors, threads

  std::int64_t total() const { return weights + kv + step + tokenizer + program; }
};

Result<MemoryPlan> plan_memory(const model::Checkpoint& checkpoint, const MemoryPlanOptions& options);

/// RAM plus swap of this machine, or the memory limit of this process's control groups if lower.
std::int64_t machine_memory_bytes();

/// Refuses a plan above max_bytes (0 = no such limit) or above the machine's memory, with both numbers and what to do.
Result<void> check_plan(const MemoryPlan& plan, std::int64_t max_bytes, std::int64_t machine_bytes);

}  // namespace carat::runtime
