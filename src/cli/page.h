#pragma once

#include <string_view>

namespace carat::cli {

/// The text of a command, written in src/cli/pages and embedded by the build.
struct Page {
  std::string_view markdown;  ///< NAME.md: first a fenced block of examples, then prose; "" where there is none
  std::string_view schema;    ///< NAME.schema.json, a JSON Schema; "" for a command without --json
};

/// Of a command; "carat" is the program as a whole.
Page page_of(std::string_view name);

}  // namespace carat::cli
