#include "quality/divergence.h"

#include <memory>

#include "eval/evaluate.h"
#include "eval/logit_source.h"
#include "eval/saved_logits.h"
#include "model/checkpoint.h"
#include "model/decoder.h"
#include "runtime/exec_context.h"

namespace carat::quality {
namespace {

constexpr std::int64_t kChunk = 64;

Result<std::unique_ptr<runtime::ExecContext>> exec_of(kernels::Compute compute) {
  return runtime::ExecContext::create({.n_threads = 0, .compute = compute});
}

Result<std::unique_ptr<model::Decoder>> load(const std::filesystem::path& path, ThreadPool& pool) {
  ASSIGN_OR_RETURN(model::Checkpoint checkpoint, model::Checkpoint::open(path));
  return model::Decoder::load(std::move(checkpoint), pool);
}

Result<std::vector<eval::PositionScore>> scores(std::span<const tokenizer::TokenId> ids, eval::LogitSource& judged,
                                                eval::LogitSource& exact, ThreadPool& pool) {
  const std::vector<std::vector<tokenizer::TokenId>> sequences = {{ids.begin(), ids.end()}};
  return eval::evaluate(sequences, judged, &exact, pool, kChunk);
}

}  // namespace

Result<std::vector<eval::PositionScore>> divergence_of_fast(const std::filesystem::path& model,
                                                            std::span<const tokenizer::TokenId> ids) {
  ASSIGN_OR_RETURN(const auto exact, exec_of(kernels::Compute::kExact));
  ASSIGN_OR_RETURN(const auto fast, exec_of(kernels::Compute::kFast));
  ASSIGN_OR_RETURN(const auto decoder, load(model, exact->pool()));
  ASSIGN_OR_RETURN(const auto expected, eval::ModelLogits::create(*decoder, exact->exec(), model::KvType::kF32));
  ASSIGN_OR_RETURN(const auto judged, eval::ModelLogits::create(*decoder, fast->exec(), model::KvType::kF16));
  return scores(ids, *judged, *expected, exact->pool());
}

Result<std::vector<eval::PositionScore>> divergence_of_saved(const std::filesystem::path& model,
                                                             std::span<const tokenizer::TokenId> ids,
                                                             const std::filesystem::path& saved) {
  ASSIGN_OR_RETURN(const auto exact, exec_of(kernels::Compute::kExact));
  ASSIGN_OR_RETURN(const auto decoder, load(model, exact->pool()));
  ASSIGN_OR_RETURN(const auto expected, eval::ModelLogits::create(*decoder, exact->exec(), model::KvType::kF32));
  ASSIGN_OR_RETURN(const auto judged, eval::SavedLogits::open(saved));
  return scores(ids, *judged, *expected, exact->pool());
}

}  // namespace carat::quality
