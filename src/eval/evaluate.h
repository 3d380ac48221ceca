#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "eval/logit_source.h"
#include "eval/position_score.h"

namespace carat::eval {

using EvalProgress = std::function<void(std::int64_t n_done, std::int64_t n_positions)>;

/// Lets `model` (and `reference`, unless it is null) read every sequence and scores each token but the first of each,
/// `chunk` positions at a time: the logits of at most that many rows of either are in memory at once.
///
///     ASSIGN_OR_RETURN(const auto scores, evaluate(windows_of(ids, bos, context), *fast, exact.get(), pool, 64));
///     const Summary summary = summarize(scores, exact != nullptr);
///
/// `progress`, when given, is called after each chunk with the positions scored so far and those there are in all.
/// Neither chunk nor threads change a bit of the result. Errors: kInvalidArgument when there is no token to predict,
/// or the vocabularies differ in size; kUnsupported naming the position whose logits are not finite; the sources'.
Result<std::vector<PositionScore>> evaluate(std::span<const std::vector<tokenizer::TokenId>> sequences,
                                            LogitSource& model, LogitSource* reference, ThreadPool& pool,
                                            std::int64_t chunk, const EvalProgress& progress = {});

}  // namespace carat::eval
