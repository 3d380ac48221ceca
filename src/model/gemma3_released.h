#pragma once

#include "base/json.h"

namespace carat::model {

/// The published Gemma 3 configs of 4B and up leave out what equalled a default of the library that wrote them. Returns
/// `text_config` with the missing keys added as the released model of its size has them (text-model.md 11); of any
/// other size, or complete, it comes back unchanged.
Json with_released_gemma3_values(const Json& text_config);

}  // namespace carat::model
