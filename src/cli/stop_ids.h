#pragma once

#include <vector>

#include "model/config.h"
#include "tokenizer/tokenizer.h"

namespace carat::cli {

/// The ids that end an answer: the config's, and of a chat those that close a turn, of whichever family.
std::vector<tokenizer::TokenId> stop_ids(const model::ModelConfig& config, const tokenizer::Tokenizer& tokenizer,
                                         bool chat);

}  // namespace carat::cli
