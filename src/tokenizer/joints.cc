#include "tokenizer/joints.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "base/utf8.h"

namespace carat::tokenizer {

Joints::Joints(const PieceList& pieces, std::span<const TokenId> merge_results) {
  // Sixteen bits for every byte of pieces, at most 512 KB (the second-level cache holds that): Gemma's ~150,000
  // distinct pairs then fill 4 % of the bits.
  const std::size_t n_bits =
      std::bit_ceil(std::clamp(pieces.n_bytes() * 16, std::size_t{1} << 10, std::size_t{1} << 22));
  std::vector<std::uint64_t>& bits = bits_.edit();
  bits.assign(n_bits / 64, 0);
  shift_ = 64 - std::countr_zero(n_bits);

  std::vector<bool> seen(pieces.size());
  for (const TokenId id : merge_results) {
    if (id < 0 || seen[static_cast<std::size_t>(id)]) continue;
    seen[static_cast<std::size_t>(id)] = true;
    const std::string_view text = pieces[static_cast<std::size_t>(id)];
    CodePoint previous = decode_utf8(text, 0);
    for (std::size_t at = previous.length; at < text.size();) {
      const CodePoint point = decode_utf8(text, at);
      const std::size_t bit = hash(previous.value, point.value);
      bits[bit / 64] |= std::uint64_t{1} << (bit % 64);
      previous = point;
      at += point.length;
    }
  }
}

bool Joints::settle() {
  if (!std::has_single_bit(bits_.size()) || bits_.size() > (std::size_t{1} << 40)) return false;
  shift_ = 64 - std::countr_zero(bits_.size() * 64);
  return true;
}

}  // namespace carat::tokenizer
