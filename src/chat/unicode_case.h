#pragma once

#include <cstdint>

namespace carat::chat {

/// One code point for one code point; the few letters that become several (ß, ligatures) stay as they are.
char32_t to_lower(char32_t c);
char32_t to_upper(char32_t c);

}  // namespace carat::chat
