#pragma once

#include <string>

#include "cli/reference/reference.h"
#include "cli/term/terminal.h"

namespace carat::cli {

/// `carat NAME --help`: usage, examples, arguments and options, wrapped to the terminal.
std::string help_text(const CommandReference& command, const Terminal& terminal);

/// `carat --help`: the commands by group.
std::string overview_text(const Terminal& terminal);

/// What there is to say about the program as a whole, as Markdown.
std::string general_prose();

/// `text` in lines of at most `width` columns (a longer word stands alone), the second and later ones indented.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace carat::cli
