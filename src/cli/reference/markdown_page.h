#pragma once

#include <string>

#include "cli/reference/reference.h"

namespace carat::cli {

/// One command as a section of Markdown: synopsis, examples, options as tables, prose, fields of --json.
std::string markdown_section(const CommandReference& command);

/// The whole of docs/cli.md.
std::string markdown_page();

}  // namespace carat::cli
