#include "cli/eval_reference.h"

#include <fmt/core.h>

#include "cli/loaded_engine.h"
#include "cli/model_argument.h"
#include "formats/printable.h"

namespace carat::cli {

std::string EvalReference::describe() const {
  if (exact) return "exact, K/V f32";
  if (other) return fmt::format("{}, exact, K/V f32", other->config.name);
  if (saved == nullptr) return "";
  std::string text = "saved logits";
  for (const auto& [key, before] : {std::pair{"model", " of "}, {"compute", ", "}, {"kv", ", K/V "}}) {
    if (const std::string value = saved->metadata(key); !value.empty()) text += before + formats::printable(value);
  }
  return text;
}

Result<EvalReference> open_eval_reference(const std::string& against, const model::ModelConfig& config) {
  EvalReference reference;
  if (against.empty()) return reference;
  reference.exact = against == "exact";
  if (reference.exact) return reference;
  std::int64_t vocab_size = 0;
  if (eval::SavedLogits::is_one(against)) {
    ASSIGN_OR_RETURN(reference.saved, eval::SavedLogits::open(against));
    vocab_size = reference.saved->vocab_size();
  } else {
    ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(against));
    ASSIGN_OR_RETURN(reference.other, open_runnable(path));
    vocab_size = reference.other->config.vocab_size;
  }
  if (vocab_size != config.vocab_size) {
    return invalid_argument(
        fmt::format("--against {}: has a vocabulary of {} tokens and {} one of {}; only models of "
                    "one vocabulary can be compared",
                    against, vocab_size, config.name, config.vocab_size));
  }
  return reference;
}

}  // namespace carat::cli
