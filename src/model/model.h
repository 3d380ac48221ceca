#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "model/config.h"
#include "model/forward_tap.h"
#include "model/kv_view.h"
#include "model/rows.h"

namespace carat::kernels {
struct Exec;
}

namespace carat::model {

/// A language model that can be stepped. Virtual so that sessions, stop rules and scheduling are tested with scripted
/// logits (runtime/fake_model.h). One step at a time; different models are independent.
class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelConfig& config() const = 0;

  /// Computes `rows`, writing their K/V into the pages of `kv`. REQUIRES: every page in reach exists, positions of a
  /// sequence ascend by one. The result of a row does not depend on the other rows of the step.
  /// Errors: kInvalidArgument for a token id outside the vocabulary; kCorrupt when a table row looked up now holds a
  /// scale that is not finite. A retry overwrites whatever was written. Logits are not checked: a row that is not
  /// finite is its own sequence's affair.
  virtual Result<void> step(std::span<const Row> rows, const KvView& kv, kernels::Exec& exec, StepOutput& out,
                            ForwardTap* tap) = 0;

  /// One entry per layer with K/V of its own.
  std::vector<KvLayerLayout> kv_layouts(KvType type) const {
    std::vector<KvLayerLayout> layouts;
    const ModelConfig& c = config();
    for (std::int64_t i = 0; i < c.n_layers(); ++i) {
      const LayerConfig& l = c.layers[static_cast<std::size_t>(i)];
      if (l.owns_kv(i)) layouts.push_back({i, l.n_kv_heads, l.head_dim, l.window, type});
    }
    return layouts;
  }
};

}  // namespace carat::model
