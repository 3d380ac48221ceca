#include "tokenizer/piece_index.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace carat::tokenizer {

PieceIndex::PieceIndex(const PieceList& pieces) : pieces_(&pieces) {
  std::vector<Slot>& slots = slots_.edit();
  slots.assign(std::bit_ceil(pieces.size() * 2 + 2), Slot{0, -1});
  const std::size_t mask = slots.size() - 1;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const std::uint64_t h = hash(pieces[id]);
    if (find(pieces[id], h)) {
      if (!duplicate_) duplicate_ = static_cast<TokenId>(id);
      continue;
    }
    std::size_t i = h & mask;
    while (slots[i].id >= 0) i = (i + 1) & mask;
    slots[i] = {static_cast<std::uint32_t>(h >> 32), static_cast<TokenId>(id)};
  }
}

bool PieceIndex::usable() const {
  const auto n = static_cast<TokenId>(pieces_->size());
  const std::span<const Slot> slots = slots_.span();
  return std::has_single_bit(slots.size()) &&
         std::all_of(slots.begin(), slots.end(), [&](const Slot& s) { return s.id < n; }) &&
         std::any_of(slots.begin(), slots.end(), [](const Slot& s) { return s.id < 0; });
}

std::optional<TokenId> PieceIndex::find(std::string_view text, std::uint64_t h) const {
  const std::size_t mask = slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(h >> 32);
  for (std::size_t i = h & mask; slots_[i].id >= 0; i = (i + 1) & mask) {
    if (slots_[i].tag == tag && (*pieces_)[static_cast<std::size_t>(slots_[i].id)] == text) return slots_[i].id;
  }
  return std::nullopt;
}

std::optional<TokenId> PieceIndex::find_joined(std::string_view left, std::string_view right,
                                               std::string& scratch) const {
  scratch.assign(left);
  scratch += right;
  return find(scratch);
}

}  // namespace carat::tokenizer
