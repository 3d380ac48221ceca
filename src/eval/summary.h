#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "eval/position_score.h"

namespace carat::eval {

/// Of a model against a reference, over all positions.
struct Comparison {
  double reference_mean_nll = 0;
  double reference_perplexity = 0;
  double mean_kl = 0;
  double kl_p999 = 0;  ///< 99.9 % KL: the smallest that at least 99.9 % of the positions do not exceed
  double max_kl = 0;
  double same_top = 0;                 ///< share of positions, 0 to 1
  double mean_abs_nll_difference = 0;  ///< mean |nll - reference_nll|
};

struct Summary {
  std::int64_t n_positions = 0;
  double mean_nll = 0;
  double perplexity = 0;  ///< exp(mean_nll)
  std::optional<Comparison> comparison;
};

/// Sums in double, in the order given. REQUIRES: at least one score; `compared` tells whether there was a reference.
Summary summarize(std::span<const PositionScore> scores, bool compared);

}  // namespace carat::eval
