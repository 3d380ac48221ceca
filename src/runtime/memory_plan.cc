#include "runtime/memory_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "model/decoder.h"
#include "runtime/control_group.h"
#include "runtime/kv_cache.h"

namespace carat::runtime {
namespace {

// Vectors (norms), tensor names, thread stacks in use, the C++ runtime: measured on E2B and 26B-A4B, see
// memory_plan_test.
constexpr std::int64_t kProgramBytes = std::int64_t{6} << 20;
constexpr std::int64_t kTokenizerBytesPerPiece = 92;  // Tokenizer::memory_bytes() of the 262,144 pieces of Gemma

std::string size_text(std::int64_t bytes) {
  const double mib = static_cast<double>(bytes) / (1 << 20);
  return mib < 1024 ? fmt::format("{:.2f} MiB", mib) : fmt::format("{:.2f} GiB", mib / 1024);
}

}  // namespace

Result<MemoryPlan> plan_memory(const model::Checkpoint& checkpoint, const MemoryPlanOptions& options) {
  const model::ModelConfig& c = checkpoint.config;
  MemoryPlan plan;
  plan.weights = model::planned_weight_bytes(checkpoint.tensors);
  plan.weights_mapped = options.weights_mapped;
  std::vector<model::KvLayerLayout> layouts;
  for (std::int64_t i = 0; i < c.n_layers(); ++i) {
    const model::LayerConfig& l = c.layers[static_cast<std::size_t>(i)];
    if (l.owns_kv(i)) layouts.push_back({i, l.n_kv_heads, l.head_dim, l.window, options.kv_type});
  }
  ASSIGN_OR_RETURN(plan.kv, KvCache::planned_bytes(layouts, options.context, options.n_sequences, options.chunk));
  if (options.keeps_prompt) {
    ASSIGN_OR_RETURN(const std::int64_t fork, KvCache::planned_fork_bytes(layouts, options.context, options.chunk));
    plan.kv += fork;
  }
  // A step holds a prompt chunk and one row of every session that is generating.
  const std::int64_t rows = std::min(options.chunk + options.n_sequences, options.context * options.n_sequences);
  plan.step =
      static_cast<std::int64_t>(model::step_arena_bytes(c, std::max<std::int64_t>(1, rows), options.n_sequences)) +
      options.n_sequences * c.vocab_size * 4;
  plan.tokenizer = options.tokenizer_bytes > 0 ? options.tokenizer_bytes : c.vocab_size * kTokenizerBytesPerPiece;
  plan.program = kProgramBytes;
  return plan;
}

std::int64_t machine_memory_bytes() {
  std::int64_t kib = 0;
  std::ifstream meminfo("/proc/meminfo");
  std::string key, unit;
  std::int64_t value = 0;
  while (meminfo >> key >> value) {
    if (key == "MemTotal:" || key == "SwapTotal:") kib += value;
    std::getline(meminfo, unit);
  }
  const std::int64_t total = kib * 1024;
  const std::int64_t limit = control_group_memory().limit_bytes.value_or(total);
  return total == 0 ? limit : std::min(limit, total);
}

Result<void> check_plan(const MemoryPlan& plan, std::int64_t max_bytes, std::int64_t machine_bytes) {
  if (max_bytes > 0 && plan.total() > max_bytes) {
    return out_of_memory(
        fmt::format("the plan needs {} and --max-memory allows {}; use a shorter --context, a smaller "
                    "model, or --force",
                    size_text(plan.total()), size_text(max_bytes)));
  }
  if (machine_bytes > 0 && plan.total() > machine_bytes) {
    return out_of_memory(
        fmt::format("the plan needs {} and this machine has {} of memory and swap; use a shorter "
                    "--context, a smaller model, or --force",
                    size_text(plan.total()), size_text(machine_bytes)));
  }
  return {};
}

}  // namespace carat::runtime
