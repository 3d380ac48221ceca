#include "eval/summary.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "base/elementary.h"

namespace carat::eval {
namespace {

Comparison compare_all(std::span<const PositionScore> scores) {
  const auto n = static_cast<std::int64_t>(scores.size());
  Comparison c;
  std::vector<double> kls;
  kls.reserve(scores.size());
  for (const PositionScore& s : scores) {
    c.reference_mean_nll += s.reference_nll;
    c.mean_kl += s.kl;
    c.same_top += s.same_top() ? 1 : 0;
    c.mean_abs_nll_difference += std::abs(s.nll - s.reference_nll);
    kls.push_back(s.kl);
  }
  const auto count = static_cast<double>(n);
  c.reference_mean_nll /= count;
  c.reference_perplexity = exp_f64(c.reference_mean_nll);
  c.mean_kl /= count;
  c.same_top /= count;
  c.mean_abs_nll_difference /= count;

  // The ceil(0.999 n)-th smallest, in integers: 0.999 is no double.
  const std::int64_t rank = (999 * n + 999) / 1000;
  const auto nth = kls.begin() + (rank - 1);
  std::nth_element(kls.begin(), nth, kls.end());
  c.kl_p999 = *nth;
  c.max_kl = *std::max_element(nth, kls.end());
  return c;
}

}  // namespace

Summary summarize(std::span<const PositionScore> scores, bool compared) {
  CARAT_CHECK(!scores.empty());
  Summary s;
  s.n_positions = static_cast<std::int64_t>(scores.size());
  for (const PositionScore& score : scores) s.mean_nll += score.nll;
  s.mean_nll /= static_cast<double>(s.n_positions);
  s.perplexity = exp_f64(s.mean_nll);
  if (compared) s.comparison = compare_all(scores);
  return s;
}

}  // namespace carat::eval
