#include "eval/windows.h"

#include <algorithm>

#include "base/check.h"

namespace carat::eval {

std::vector<std::vector<tokenizer::TokenId>> windows_of(std::span<const tokenizer::TokenId> text_ids,
                                                        tokenizer::TokenId bos, std::int64_t context) {
  CARAT_CHECK(context >= 2);
  const std::size_t step = static_cast<std::size_t>(context) - (bos >= 0 ? 1 : 0);
  std::vector<std::vector<tokenizer::TokenId>> windows;
  for (std::size_t first = 0; first < text_ids.size(); first += step) {
    const auto piece = text_ids.subspan(first, std::min(step, text_ids.size() - first));
    std::vector<tokenizer::TokenId>& window = windows.emplace_back();
    window.reserve(piece.size() + 1);
    if (bos >= 0) window.push_back(bos);
    window.insert(window.end(), piece.begin(), piece.end());
  }
  return windows;
}

}  // namespace carat::eval
