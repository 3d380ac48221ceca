#include "cli/eval_worst.h"

#include <algorithm>
#include <numeric>

namespace carat::cli {
namespace {

using tokenizer::TokenId;
using tokenizer::Tokenizer;

constexpr std::size_t kTokensBefore = 12;

/// A model's table may have more rows than its tokenizer has pieces.
std::string text_of(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  std::vector<TokenId> known;
  for (const TokenId id : ids) {
    if (id >= 0 && static_cast<std::size_t>(id) < tokenizer.vocab_size()) known.push_back(id);
  }
  return tokenizer.decode(known);
}

}  // namespace

std::vector<WorstPosition> worst_positions(std::span<const std::vector<TokenId>> sequences,
                                           std::span<const eval::PositionScore> scores, std::size_t n,
                                           const Tokenizer& tokenizer) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  n = std::min(n, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(),
      [&](std::size_t a, std::size_t b) { return scores[a].kl != scores[b].kl ? scores[a].kl > scores[b].kl : a < b; });
  std::vector<WorstPosition> worst;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t row = order[i];
    std::size_t sequence = 0;
    // The last token of a sequence predicts nothing.
    while (row + 1 >= sequences[sequence].size()) row -= sequences[sequence++].size() - 1;
    const std::span<const TokenId> ids = sequences[sequence];
    const std::size_t first = row + 1 - std::min(kTokensBefore, row + 1);
    const eval::PositionScore& score = scores[order[i]];
    worst.push_back({.position = static_cast<std::int64_t>(row) + 1,
                     .score = score,
                     .before = text_of(tokenizer, ids.subspan(first, row + 1 - first)),
                     .token = text_of(tokenizer, ids.subspan(row + 1, 1)),
                     .top = text_of(tokenizer, {&score.top, 1}),
                     .reference_top = text_of(tokenizer, {&score.reference_top, 1})});
  }
  return worst;
}

}  // namespace carat::cli
