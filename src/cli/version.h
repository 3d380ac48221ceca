#pragma once

#include <string>
#include <string_view>

namespace carat::cli {

/// The commit this program was built from, twelve letters of it; "unknown" outside a git checkout.
std::string_view commit();

/// "0.1.0"
std::string_view version();

/// "carat 0.1.0 (commit 0123456789ab, arithmetic 1)"
std::string version_line();

}  // namespace carat::cli
