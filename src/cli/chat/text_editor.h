#pragma once

#include <string>

#include "base/result.h"

namespace carat::cli {

/// $VISUAL, else $EDITOR; empty when neither is set.
std::string text_editor();

/// Lets a person change `text` with that editor, in a private file that is removed afterwards; gives the text without
/// newlines at its end. Errors: kIo when the file or the editor cannot be had; kCancelled when the editor failed.
Result<std::string> edit_text(const std::string& editor, const std::string& text);

}  // namespace carat::cli
