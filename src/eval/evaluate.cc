#include "eval/evaluate.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/bad_alloc.h"

namespace carat::eval {
namespace {

using tokenizer::TokenId;

struct Pair {
  LogitSource& model;
  LogitSource* reference;
};

// Scores rows first .. first + scores.size() - 1 of a sequence.
Result<void> score_rows(Pair sources, std::span<const TokenId> ids, std::int64_t first, ThreadPool& pool,
                        std::span<PositionScore> scores) {
  const auto n = static_cast<std::int64_t>(scores.size());
  ASSIGN_OR_RETURN(const std::span<const float> logits, sources.model.next(n));
  std::span<const float> expected;
  if (sources.reference != nullptr) {
    ASSIGN_OR_RETURN(expected, sources.reference->next(n));
  }
  const auto vocab = static_cast<std::size_t>(sources.model.vocab_size());
  pool.run(n, [&](std::int64_t row, int) {
    const auto r = static_cast<std::size_t>(row);
    const TokenId next = ids[static_cast<std::size_t>(first + row + 1)];
    const auto q = logits.subspan(r * vocab, vocab);
    scores[r] = expected.empty() ? score(q, next) : compare(q, expected.subspan(r * vocab, vocab), next);
  });
  for (std::int64_t row = 0; row < n; ++row) {
    const PositionScore& s = scores[static_cast<std::size_t>(row)];
    if (!std::isfinite(s.nll) || !std::isfinite(s.reference_nll) || !std::isfinite(s.kl)) {
      const char* whose = !std::isfinite(s.nll)             ? "of the model"
                          : !std::isfinite(s.reference_nll) ? "of the reference"
                                                            : "of the model or the reference";
      return unsupported(
          fmt::format("position {}: a logit {} is not finite, so there is nothing to average", first + row, whose));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<PositionScore>> evaluate(std::span<const std::vector<TokenId>> sequences, LogitSource& model,
                                            LogitSource* reference, ThreadPool& pool, std::int64_t chunk,
                                            const EvalProgress& progress) {
  return no_bad_alloc([&]() -> Result<std::vector<PositionScore>> {
    if (reference != nullptr && reference->vocab_size() != model.vocab_size()) {
      return invalid_argument(
          fmt::format("the model's vocabulary has {} tokens and the reference's {}; they must be one",
                      model.vocab_size(), reference->vocab_size()));
    }
    chunk = std::clamp<std::int64_t>(chunk, 1, ThreadPool::kMaxShares);
    std::int64_t n_positions = 0;
    for (const std::vector<TokenId>& ids : sequences) {
      n_positions += std::max<std::int64_t>(0, static_cast<std::int64_t>(ids.size()) - 1);
    }
    std::vector<PositionScore> scores;
    for (const std::vector<TokenId>& ids : sequences) {
      const auto n = static_cast<std::int64_t>(ids.size()) - 1;  // after the last id nothing came
      if (n < 1) continue;
      RETURN_IF_ERROR(model.start(ids));
      if (reference != nullptr) RETURN_IF_ERROR(reference->start(ids));
      for (std::int64_t first = 0; first < n; first += chunk) {
        const std::size_t begin = scores.size();
        scores.resize(begin + static_cast<std::size_t>(std::min(chunk, n - first)));
        RETURN_IF_ERROR(score_rows({model, reference}, ids, first, pool, std::span(scores).subspan(begin)));
        if (progress) progress(static_cast<std::int64_t>(scores.size()), n_positions);
      }
    }
    if (scores.empty()) return invalid_argument("the text has no token to predict; expected at least two tokens");
    return scores;
  });
}

}  // namespace carat::eval
