#include "cli/commands/eval.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/engine_options.h"
#include "cli/eval_reference.h"
#include "cli/eval_report.h"
#include "cli/input.h"
#include "cli/loaded_engine.h"
#include "cli/loaded_model.h"
#include "cli/model_argument.h"
#include "cli/output.h"
#include "cli/term/progress.h"
#include "eval/evaluate.h"
#include "eval/windows.h"
#include "formats/model_tokenizer.h"

namespace carat::cli {
namespace {

using tokenizer::TokenId;
using Ids = std::vector<TokenId>;

constexpr std::size_t kMaxText = std::size_t{1} << 30;

struct EvalCommand {
  EngineOptions engine;
  std::string text, against;
  std::int64_t chunk = 64;  // 64 rows of 262,144 logits are 64 MiB
  std::size_t n_worst = 5;
  bool window = false;
  bool json = false;
};

/// The text's ids without <bos>, and the id of <bos> (-1 = this vocabulary has none).
struct TextIds {
  Ids ids;
  TokenId bos = -1;
  std::size_t tokenizer_bytes = 0;
};

Result<TextIds> encode(const formats::ModelSource& source, const model::PackedCopy& copy, const std::string& text) {
  ASSIGN_OR_RETURN(const tokenizer::Tokenizer tokenizer, copy.tokenizer(source));
  return TextIds{tokenizer.encode(text), tokenizer.bos(), tokenizer.memory_bytes()};
}

/// The sequences to read: the text's, or without TEXT the saved ones.
Result<std::vector<Ids>> sequences_of(const EvalCommand& c, const model::Checkpoint& checkpoint,
                                      const model::PackedCopy& copy, const EvalReference& reference,
                                      std::int64_t context, std::size_t& tokenizer_bytes) {
  std::vector<Ids> windows;
  std::string what = "the saved text";
  if (c.text.empty()) {
    if (reference.saved == nullptr) {
      return invalid_argument(
          "TEXT is missing: eval needs a text file, or --against a file of saved logits, whose ids "
          "it then reads");
    }
    windows = {reference.saved->ids()};
  } else {
    ASSIGN_OR_RETURN(Input input, Input::open(c.text));
    ASSIGN_OR_RETURN(const std::string text, input.rest(kMaxText));
    ASSIGN_OR_RETURN(const TextIds encoded, encode(checkpoint.source, copy, text));
    tokenizer_bytes = encoded.tokenizer_bytes;
    if (reference.other) {
      ASSIGN_OR_RETURN(const TextIds other, encode(reference.other->source, reference.copy, text));
      if (other.ids != encoded.ids || other.bos != encoded.bos) {
        return invalid_argument(
            fmt::format("--against {}: its tokenizer makes other ids of this text; only models of "
                        "one vocabulary can be compared",
                        c.against));
      }
    }
    what = input.name();
    windows = eval::windows_of(encoded.ids, encoded.bos,
                               c.window ? context : static_cast<std::int64_t>(encoded.ids.size()) + 2);
  }
  const auto n = windows.empty() ? 0 : static_cast<std::int64_t>(windows.front().size());
  if (n < 2) {
    return invalid_argument(
        fmt::format("{}: holds {} token{}, <bos> included, and at least two are needed: the second "
                    "is the first to be predicted",
                    what, n, n == 1 ? "" : "s"));
  }
  if (n > context) {
    return limit_exceeded(
        fmt::format("{} is {} tokens, context is {}; --window evaluates it in pieces of that size", what, n, context));
  }
  if (windows.size() > 1 && reference.saved != nullptr) {
    return invalid_argument("--window: saved logits are of one sequence; use a text that fits, or another reference");
  }
  return windows;
}

/// Memory of everything that is computed: the model, what the reference adds, and the logits of a chunk of each.
Result<runtime::MemoryPlan> plan_of(const EvalCommand& c, const model::Checkpoint& checkpoint,
                                    const EvalReference& reference, std::int64_t longest, model::KvType kv,
                                    std::size_t tokenizer_bytes) {
  runtime::MemoryPlanOptions options{.context = longest,
                                     .chunk = c.chunk,
                                     .kv_type = kv,
                                     .tokenizer_bytes = static_cast<std::int64_t>(tokenizer_bytes)};
  const std::int64_t logits = std::min(c.chunk, longest) * checkpoint.config.vocab_size * 4;
  ASSIGN_OR_RETURN(runtime::MemoryPlan plan, runtime::plan_memory(checkpoint, options));
  plan.step += logits;
  if (!reference.any()) return plan;
  plan.step += logits;
  if (reference.saved != nullptr) return plan;
  options.kv_type = model::KvType::kF32;
  ASSIGN_OR_RETURN(const runtime::MemoryPlan more,
                   runtime::plan_memory(reference.other ? *reference.other : checkpoint, options));
  plan.kv += more.kv;
  plan.step += more.step;
  if (reference.other) plan.weights += more.weights;
  return plan;
}

Result<void> run_eval(const EvalCommand& c) {
  ASSIGN_OR_RETURN(const model::KvType kv, kv_type(c.engine.kv));
  ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(c.engine.model));
  ASSIGN_OR_RETURN(model::Checkpoint checkpoint, open_runnable(path));
  const std::int64_t limit = checkpoint.config.context_length;
  if (c.engine.context > limit) {
    return limit_exceeded(fmt::format("--context {}: the model's context is {}", c.engine.context, limit));
  }
  ASSIGN_OR_RETURN(EvalReference reference, open_eval_reference(c.against, checkpoint.config));
  std::int64_t context = c.engine.context > 0 ? c.engine.context : limit;
  if (reference.other) context = std::min(context, reference.other->config.context_length);
  ASSIGN_OR_RETURN(model::PackedCopy copy, look_for_copy(checkpoint, c.engine.cache));
  if (reference.other) {
    ASSIGN_OR_RETURN(reference.copy, look_for_copy(*reference.other, c.engine.cache));
  }
  std::size_t tokenizer_bytes = 0;
  ASSIGN_OR_RETURN(const std::vector<Ids> sequences,
                   sequences_of(c, checkpoint, copy, reference, context, tokenizer_bytes));
  if (reference.saved != nullptr) RETURN_IF_ERROR(reference.saved->start(sequences.front()));  // before slow loading

  const auto longest = static_cast<std::int64_t>(sequences.front().size());
  ASSIGN_OR_RETURN(runtime::MemoryPlan plan, plan_of(c, checkpoint, reference, longest, kv, tokenizer_bytes));
  plan.weights_mapped = copy.likely();
  ASSIGN_OR_RETURN(const auto exec,
                   runtime::ExecContext::create({.n_threads = c.engine.threads, .compute = compute_of(c.engine)}));
  EvalReport report{.model = checkpoint.config.name,
                    .compute = c.engine.compute,
                    .kv = c.engine.kv,
                    .isa = std::string(exec->isa_name()),
                    .reference = reference.describe(),
                    .n_windows = static_cast<std::int64_t>(sequences.size())};
  for (const Ids& ids : sequences) report.n_tokens += static_cast<std::int64_t>(ids.size());
  say(fmt::format("{}: {} on {}, {} thread{}, K/V {}{}", report.model, report.compute, report.isa,
                  exec->pool().n_threads(), exec->pool().n_threads() == 1 ? "" : "s", report.kv,
                  reference.any() ? ", against " + report.reference : ""));
  say(fmt::format("memory plan {}", describe(plan)));
  RETURN_IF_ERROR(admit(plan, c.engine));

  ASSIGN_OR_RETURN(const LoadedModel loaded, LoadedModel::load(std::move(checkpoint), std::move(copy), exec->pool()));
  ASSIGN_OR_RETURN(const auto logits, eval::ModelLogits::create(loaded.decoder(), exec->exec(), kv));
  // The reference computes what the engine does without giving anything up: exact, K/V f32. It has an Exec of its own;
  // the same model's packed weights serve both.
  std::unique_ptr<runtime::ExecContext> exact;
  std::optional<LoadedModel> other;
  std::unique_ptr<eval::ModelLogits> computed;
  eval::LogitSource* source = reference.saved.get();
  if (reference.exact || reference.other) {
    ASSIGN_OR_RETURN(exact, runtime::ExecContext::create({.n_threads = c.engine.threads}));
    if (reference.other) {
      ASSIGN_OR_RETURN(other, LoadedModel::load(std::move(*reference.other), std::move(reference.copy), exact->pool()));
    }
    ASSIGN_OR_RETURN(
        computed, eval::ModelLogits::create((other ? *other : loaded).decoder(), exact->exec(), model::KvType::kF32));
    source = computed.get();
  }
  Progress progress("reading the text");
  ASSIGN_OR_RETURN(
      const auto scores,
      eval::evaluate(sequences, *logits, source, exec->pool(), c.chunk, [&](std::int64_t done, std::int64_t total) {
        progress.at(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
      }));
  progress.clear();
  report.summary = eval::summarize(scores, source != nullptr);
  if (source != nullptr && c.n_worst > 0) {
    ASSIGN_OR_RETURN(const tokenizer::Tokenizer tokenizer, formats::open_tokenizer(loaded.decoder().source()));
    report.worst = worst_positions(sequences, scores, c.n_worst, tokenizer);
  }
  return write_stdout(c.json ? eval_json(report) : eval_text(report));
}

}  // namespace

Action add_eval(CLI::App& command) {
  auto c = std::make_shared<EvalCommand>();
  command.add_option("MODEL", c->engine.model, "a GGUF file, a Hugging Face folder, or a name in the store")
      ->required();
  command.add_option("TEXT", c->text, "the text, a file or - for stdin; absent: the ids of the saved logits");
  command
      .add_option("--against", c->against,
                  "what to compare with: exact (the same model in exact arithmetic, K/V f32), another model, or a file "
                  "that `carat probe --ids-file IDS --rows all` wrote")
      ->type_name("REFERENCE");
  add_arithmetic_options(command, c->engine);
  command
      .add_option("--threads", c->engine.threads,
                  "threads; default: the processors there are. Never changes the result")
      ->check(CLI::Range(1, 1024));
  command.add_option("--context", c->engine.context, "tokens of a sequence; default: the model's limit")
      ->check(CLI::Range(std::int64_t{2}, std::int64_t{1} << 40));
  command.add_flag("--window", c->window, "a text longer than the context: in pieces of that size, each after <bos>");
  command.add_option("--chunk", c->chunk, "most rows of a step. Never changes the result")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command.add_option("--worst", c->n_worst, "positions that are printed where model and reference differ most")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command.add_option("--max-memory", c->engine.max_memory, "refuse a memory plan above this, such as 8G");
  command.add_flag("--force", c->engine.force, "load whatever the memory plan says");
  add_cache_options(command, c->engine.cache);
  command.add_flag("--json", c->json, "one JSON object");
  return [c] { return run_eval(*c); };
}

}  // namespace carat::cli
