#include "cli/engine_options.h"

#include <fmt/core.h>

#include <CLI/App.hpp>
#include <array>

#include "cli/model_argument.h"
#include "cli/option_ranges.h"
#include "cli/quantities.h"

namespace carat::cli {

void add_arithmetic_options(CLI::App& command, EngineOptions& options, const std::string& group) {
  command
      .add_option("--compute", options.compute,
                  "arithmetic of products with quantised weights: fast (int8 activations), or exact")
      ->check(CLI::IsMember({"exact", "fast"}))
      ->capture_default_str()
      ->group(group);
  command.add_option("--kv", options.kv, "type of stored keys and values")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str()
      ->group(group);
}

kernels::Compute compute_of(const EngineOptions& options) {
  return options.compute == "fast" ? kernels::Compute::kFast : kernels::Compute::kExact;
}

void add_engine_options(CLI::App& command, EngineOptions& options) {
  const std::string group = "Engine";
  command.add_option("-m,--model", options.model, kModelHelp)->group(group)->type_name("MODEL");
  command
      .add_option("--threads", options.threads, "threads; default: the processors there are. Never changes the result")
      ->check(CLI::Range(1, 1024))
      ->group(group);
  add_arithmetic_options(command, options, group);
  at_least_one(
      command.add_option("--context", options.context, "tokens of prompt and answer together; default: what they need"))
      ->group(group);
  command
      .add_option("--max-memory", options.max_memory,
                  "refuse a memory plan above this, such as 8G; default: RAM plus swap")
      ->group(group);
  command.add_flag("--force", options.force, "load whatever the memory plan says")->group(group);
  add_cache_options(command, options.cache, group);
}

Result<model::KvType> kv_type(const std::string& name) {
  for (const model::KvType type : {model::KvType::kF32, model::KvType::kF16, model::KvType::kBF16}) {
    if (name == model::kv_type_name(type)) return type;
  }
  return invalid_argument(fmt::format("--kv {}: expected f32, f16 or bf16", name));
}

namespace {

/// 0 = not given.
Result<std::uint64_t> max_memory_bytes(const EngineOptions& options) {
  if (options.max_memory.empty()) return std::uint64_t{0};
  ASSIGN_OR_RETURN(const std::uint64_t bytes, parse_bytes(options.max_memory, "--max-memory"));
  if (bytes == 0) return invalid_argument("--max-memory 0: expected a size above zero, such as 8G");
  return bytes;
}

}  // namespace

Result<void> validate(const EngineOptions& options) {
  RETURN_IF_ERROR(kv_type(options.kv));
  RETURN_IF_ERROR(max_memory_bytes(options));
  RETURN_IF_ERROR(parse_bytes(options.cache.min, "--cache-min"));
  return {};
}

Result<void> admit(const runtime::MemoryPlan& plan, const EngineOptions& options) {
  ASSIGN_OR_RETURN(const std::uint64_t max_bytes, max_memory_bytes(options));
  if (options.force) return {};
  return runtime::check_plan(plan, static_cast<std::int64_t>(max_bytes), runtime::machine_memory_bytes());
}

std::string describe(const runtime::MemoryPlan& plan) {
  const auto size = [](std::int64_t bytes) { return human_bytes(static_cast<std::uint64_t>(bytes)); };
  return fmt::format("{}: weights {}{}, K/V {}, step {}, tokenizer {}, program {}", size(plan.total()),
                     size(plan.weights), plan.weights_mapped ? " mapped" : "", size(plan.kv), size(plan.step),
                     size(plan.tokenizer), size(plan.program));
}

}  // namespace carat::cli
