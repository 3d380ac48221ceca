#pragma once

#include <cstddef>

namespace carat::chat {

/// What one request may hold. Every refusal names its limit.
inline constexpr std::size_t kMaxMessages = 4096;
inline constexpr std::size_t kMaxParts = 64;  ///< per message
inline constexpr std::size_t kMaxTools = 256;
inline constexpr std::size_t kMaxToolsBytes = std::size_t{1} << 20;  ///< all declarations as compact JSON
inline constexpr int kMaxDepth = 64;                                 ///< nesting of a value, written or parsed

}  // namespace carat::chat
