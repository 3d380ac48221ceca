#include "cli/commands/probe.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "chat/request_json.h"
#include "cli/chat_model.h"
#include "cli/engine_options.h"
#include "cli/loaded_engine.h"
#include "cli/loaded_model.h"
#include "cli/model_argument.h"
#include "cli/output.h"
#include "cli/token_text.h"
#include "formats/safetensors/safetensors_writer.h"
#include "formats/tensor_values.h"
#include "model/decoder.h"
#include "runtime/exec_context.h"
#include "runtime/memory_plan.h"
#include "runtime/probe.h"

namespace carat::cli {
namespace {

constexpr std::uint64_t kMaxIdsFile = std::uint64_t{64} << 20;

struct ProbeCommand {
  std::string ids, ids_file, messages, out;
  std::string rows = "last";
  bool json = false;
  EngineOptions engine;
  runtime::ProbeOptions options;
};

Result<std::vector<tokenizer::TokenId>> ids_of_messages(const std::string& file, const model::Checkpoint& checkpoint,
                                                        const model::PackedCopy& copy) {
  const auto format = chat_format_of(checkpoint.source, checkpoint.config);
  if (!format) {
    return unsupported(fmt::format("{}: is a base model without a chat template; give --ids instead of --messages",
                                   checkpoint.source.path.string()));
  }
  ASSIGN_OR_RETURN(const std::string text, read_file(file, kMaxIdsFile));
  ASSIGN_OR_RETURN(const chat::Request request, chat::parse_request(text));
  ASSIGN_OR_RETURN(const chat::Prompt prompt, chat::render(*format, request));
  for (const chat::Segment& segment : prompt.segments) {
    if (segment.kind == chat::SegmentKind::kControl || segment.kind == chat::SegmentKind::kText) continue;
    return unsupported(fmt::format("{}: message {} holds a part of kind {}; carat takes text only so far", file,
                                   segment.message, chat::to_string(segment.kind)));
  }
  ASSIGN_OR_RETURN(const tokenizer::Tokenizer tokenizer, copy.tokenizer(checkpoint.source));
  return chat::encode(prompt, tokenizer);
}

Result<std::vector<tokenizer::TokenId>> prompt_ids(const ProbeCommand& c, const model::Checkpoint& checkpoint,
                                                   const model::PackedCopy& copy) {
  const auto vocab_size = static_cast<std::size_t>(checkpoint.config.vocab_size);
  if (!c.ids.empty()) return parse_token_ids(c.ids, vocab_size, "--ids");
  if (!c.ids_file.empty()) {
    ASSIGN_OR_RETURN(const std::string text, read_file(c.ids_file, kMaxIdsFile));
    return parse_token_ids(text, vocab_size, c.ids_file);
  }
  return ids_of_messages(c.messages, checkpoint, copy);
}

Result<void> write_result(const ProbeCommand& c, const model::ModelConfig& config,
                          std::span<const tokenizer::TokenId> ids, const runtime::ProbeResult& result) {
  std::vector<formats::OwnedTensor> tensors;
  const auto add_ids = [&](std::string name, std::span<const tokenizer::TokenId> values) {
    const std::vector<std::int64_t> wide(values.begin(), values.end());
    tensors.emplace_back(std::move(name), std::vector{static_cast<std::int64_t>(wide.size())},
                         std::span<const std::int64_t>(wide));
  };
  add_ids("ids", ids);
  const auto n_rows = static_cast<std::int64_t>(result.logits.size()) / config.vocab_size;
  tensors.emplace_back("logits", std::vector{n_rows, config.vocab_size}, std::span<const float>(result.logits));
  for (std::size_t i = 0; i < result.hidden.size(); ++i) {
    tensors.emplace_back(fmt::format("hidden.{}", i), std::vector{n_rows, config.d_model},
                         std::span<const float>(result.hidden[i]));
  }
  if (c.options.n_greedy > 0) add_ids("greedy_ids", result.greedy_ids);
  const std::vector<formats::Tensor> views = formats::views_of(tensors);
  return formats::write_safetensors(c.out, views,
                                    {{"compute", c.engine.compute}, {"kv", c.engine.kv}, {"model", config.name}});
}

Result<void> run_probe(const ProbeCommand& c) {
  const int sources = (c.ids.empty() ? 0 : 1) + (c.ids_file.empty() ? 0 : 1) + (c.messages.empty() ? 0 : 1);
  if (sources != 1) {
    return invalid_argument("probe needs exactly one of --ids, --ids-file and --messages; for example --ids 2,10,55");
  }
  ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(c.engine.model));
  ASSIGN_OR_RETURN(model::Checkpoint checkpoint, open_runnable(path));
  ASSIGN_OR_RETURN(model::PackedCopy copy, look_for_copy(checkpoint, c.engine.cache));
  ASSIGN_OR_RETURN(const std::vector<tokenizer::TokenId> ids, prompt_ids(c, checkpoint, copy));
  runtime::ProbeOptions options = c.options;
  options.all_rows = c.rows == "all";
  ASSIGN_OR_RETURN(options.kv_type, kv_type(c.engine.kv));
  ASSIGN_OR_RETURN(
      const runtime::MemoryPlan plan,
      runtime::plan_memory(checkpoint, {.context = static_cast<std::int64_t>(ids.size()) + options.n_greedy,
                                        .chunk = options.chunk,
                                        .kv_type = options.kv_type}));
  RETURN_IF_ERROR(admit(plan, c.engine));
  ASSIGN_OR_RETURN(const auto context,
                   runtime::ExecContext::create({.n_threads = c.engine.threads, .compute = compute_of(c.engine)}));
  ASSIGN_OR_RETURN(const LoadedModel loaded,
                   LoadedModel::load(std::move(checkpoint), std::move(copy), context->pool()));
  ASSIGN_OR_RETURN(const runtime::ProbeResult result, runtime::probe(loaded.decoder(), ids, options, context->exec()));
  RETURN_IF_ERROR(write_result(c, loaded.decoder().config(), ids, result));
  say(fmt::format("{} ids, compute {}, K/V {}, kernels {}: wrote {}", ids.size(), c.engine.compute, c.engine.kv,
                  context->isa_name(), c.out));
  if (!c.json) return {};
  const std::int64_t vocab_size = loaded.decoder().config().vocab_size;
  const Json json = {{"path", c.out},
                     {"n_ids", ids.size()},
                     {"n_rows", static_cast<std::int64_t>(result.logits.size()) / vocab_size},
                     {"vocab_size", vocab_size},
                     {"n_hidden", result.hidden.size()},
                     {"greedy_ids", result.greedy_ids}};
  return write_stdout(dump_json(json) + "\n");
}

}  // namespace

Action add_probe(CLI::App& command) {
  auto c = std::make_shared<ProbeCommand>();
  command.add_option("MODEL", c->engine.model, kModelHelp);
  command.add_option("--ids", c->ids, "token ids, such as 2,10,55");
  command.add_option("--ids-file", c->ids_file, "a file of token ids separated by commas or blanks");
  command.add_option("--messages", c->messages, "a JSON file of messages, as for `carat render`");
  add_arithmetic_options(command, c->engine);
  command.add_option("--threads", c->engine.threads, "threads; 0 = all processors")->check(CLI::Range(0, 256));
  command.add_option("--max-memory", c->engine.max_memory, "refuse a memory plan above this, such as 8G");
  command.add_flag("--force", c->engine.force, "load whatever the memory plan says");
  add_cache_options(command, c->engine.cache);
  command.add_option("--chunk", c->options.chunk, "most rows of a step")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command.add_flag("--hidden", c->options.hidden,
                   "also write hidden.0 (scaled embedding) to hidden.L (output of layer L)");
  command.add_option("--rows", c->rows, "rows of logits and hidden states")
      ->check(CLI::IsMember({"last", "all"}))
      ->capture_default_str();
  command.add_option("--greedy", c->options.n_greedy, "also write N more ids, each the argmax; ends are ignored")
      ->check(CLI::Range(0, 1000000));
  command.add_flag("--json", c->json, "say what was written as one JSON object");
  command.add_option("--out", c->out, "the safetensors file to write")->required();
  return [c] { return run_probe(*c); };
}

}  // namespace carat::cli
