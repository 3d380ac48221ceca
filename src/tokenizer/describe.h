#pragma once

#include <string>
#include <string_view>

namespace carat::tokenizer {

/// A piece's text as it may stand in a message: quoted, at most 40 bytes, control bytes and bad UTF-8 as \xNN.
std::string quoted(std::string_view text);

}  // namespace carat::tokenizer
