#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/term/styled_text.h"

namespace carat::cli {

/// Whether a line is the second of a table: | --- | :--: |
bool is_table_rule(std::string_view line);

/// The lines of a table (its second is_table_rule) drawn with aligned columns, or, where `columns` are too few for
/// that, as one "title: value" line per cell. Marks in cells are shown when `marks`, else applied.
void write_table(const std::vector<std::string>& lines, int columns, bool marks, StyledWriter& out);

}  // namespace carat::cli
