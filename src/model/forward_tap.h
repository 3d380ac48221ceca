#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/view.h"

namespace carat::model {

/// Looks at values inside the forward pass: goldens, probe, calibration. Called on the stepping thread, in order.
/// layer -1 = before layer 0 or after the last; rows are those of the step that were computed there.
class ForwardTap {
 public:
  virtual ~ForwardTap() = default;
  virtual void on(std::int64_t layer, std::string_view name, MatView<const float> value) = 0;
  /// With a tap that answers true no row is skipped above the last layer with own K/V.
  virtual bool wants_all_rows() const { return false; }
};

}  // namespace carat::model
