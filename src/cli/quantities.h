#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carat::cli {

/// "12,345,678"
std::string grouped(std::uint64_t n);

/// "241.4 MiB": four significant digits at most, for people.
std::string human_bytes(std::uint64_t bytes);

/// "8G", "512 MiB", "1.5g", "1073741824": a number of bytes; K, M, G, T (with or without iB or B) are powers of 1024.
/// Errors: kInvalidArgument naming `what`.
Result<std::uint64_t> parse_bytes(std::string_view text, std::string_view what);

}  // namespace carat::cli
