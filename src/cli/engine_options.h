#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "cli/cache_options.h"
#include "kernels/exec.h"
#include "model/kv_view.h"
#include "runtime/memory_plan.h"

namespace CLI {
class App;
}

namespace carat::cli {

/// Prompt rows of a step: changes speed and memory, never the result.
inline constexpr std::int64_t kPromptChunk = 512;

/// The options of every command that runs a model.
struct EngineOptions {
  std::string model;
  int threads = 0;               ///< 0 = the processors this process may use
  std::string compute = "fast";  ///< exact, fast
  std::string kv = "f16";        ///< f32, f16, bf16
  std::int64_t context = 0;      ///< 0 = what the command needs
  std::string max_memory;        ///< "8G"; empty = RAM plus swap
  bool force = false;            ///< load whatever the plan says
  CacheOptions cache;
};

/// --compute and --kv, for commands with engine options of their own. REQUIRES: `options` outlives the parse.
void add_arithmetic_options(CLI::App& command, EngineOptions& options, const std::string& group = "OPTIONS");

kernels::Compute compute_of(const EngineOptions& options);

/// --model, --threads, --compute, --kv, --context, --max-memory, --force, --no-cache, --cache-min. REQUIRES: `options`
/// outlives the parse.
void add_engine_options(CLI::App& command, EngineOptions& options);

/// Errors: kInvalidArgument naming the flag and the types there are.
Result<model::KvType> kv_type(const std::string& name);

/// Refuses values that no model could make sense of, before one is opened. Errors: kInvalidArgument naming the flag.
Result<void> validate(const EngineOptions& options);

/// Refuses a plan above --max-memory or the machine, unless --force. Errors: kOutOfMemory; kInvalidArgument for a
/// --max-memory that is no size.
Result<void> admit(const runtime::MemoryPlan& plan, const EngineOptions& options);

/// "293.4 MiB: weights 242.9 MiB, K/V 2.50 MiB, step 4.10 MiB, tokenizer 37.5 MiB, program 6.00 MiB"
std::string describe(const runtime::MemoryPlan& plan);

}  // namespace carat::cli
