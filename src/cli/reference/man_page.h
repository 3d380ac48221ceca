#pragma once

#include <string>
#include <string_view>

#include "cli/reference/reference.h"

namespace carat::cli {

/// carat-NAME(1), as the macros of man(7).
std::string man_page(const CommandReference& command);

/// carat(1): the commands, exit codes, environment, files.
std::string man_overview();

/// The Markdown of pages as man(7): paragraphs, headings, lists, fenced code, tables (as tagged lists: the first column
/// is the tag), `code` and **strong**.
std::string man_of_markdown(std::string_view markdown);

}  // namespace carat::cli
