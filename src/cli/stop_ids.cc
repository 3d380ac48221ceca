#include "cli/stop_ids.h"

#include "tokenizer/control_tokens.h"

namespace carat::cli {

std::vector<tokenizer::TokenId> stop_ids(const model::ModelConfig& config, const tokenizer::Tokenizer& tokenizer,
                                         bool chat) {
  std::vector<tokenizer::TokenId> ids(config.eos_token_ids.begin(), config.eos_token_ids.end());
  if (!chat) return ids;
  for (const std::string_view text :
       {tokenizer::control::kEos, tokenizer::control::kTurnClose, tokenizer::control::kEndOfTurn}) {
    if (const auto id = tokenizer.control_id(text)) ids.push_back(*id);
  }
  return ids;
}

}  // namespace carat::cli
