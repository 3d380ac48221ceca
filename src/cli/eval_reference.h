#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "eval/saved_logits.h"
#include "model/checkpoint.h"
#include "model/packed_copy.h"

namespace carat::cli {

/// What `carat eval --against` names. At most one of `saved` and `other` is there; neither with `exact`.
struct EvalReference {
  bool exact = false;
  std::unique_ptr<eval::SavedLogits> saved;
  std::optional<model::Checkpoint> other;
  model::PackedCopy copy;  ///< of `other`

  bool any() const { return exact || saved != nullptr || other.has_value(); }
  /// "exact, K/V f32"; "saved logits of NAME, exact, K/V f32"; empty without a reference.
  std::string describe() const;
};

/// "exact" is the model itself; a file of saved logits counts as one; anything else is a model, a path or a name in the
/// store. Errors: those of opening it; kInvalidArgument when its vocabulary is not as large as the model's.
Result<EvalReference> open_eval_reference(const std::string& against, const model::ModelConfig& config);

}  // namespace carat::cli
