#include "tokenizer/merge_table.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/utf8.h"
#include "tokenizer/describe.h"

namespace carat::tokenizer {
namespace {

bool may_be_made(PieceType type) { return type == PieceType::kNormal || type == PieceType::kAdded; }

struct Pair {
  TokenId left, right;
  std::uint32_t index;
};

/// Every way to cut the piece in two pieces that text can hold.
void cut_in_two(const Vocabulary& vocabulary, const PieceIndex& index, TokenId piece, std::uint32_t merge_index,
                std::vector<Pair>& out) {
  const std::string_view text = vocabulary.pieces[static_cast<std::size_t>(piece)];
  const auto usable = [&](std::optional<TokenId> id) {
    return id && may_be_made(vocabulary.types[static_cast<std::size_t>(*id)]);
  };
  for (std::size_t at = decode_utf8(text, 0).length; at < text.size(); at += decode_utf8(text, at).length) {
    const auto left = index.find(text.substr(0, at));
    if (!usable(left)) continue;
    const auto right = index.find(text.substr(at));
    if (usable(right)) out.push_back({*left, *right, merge_index});
  }
}

}  // namespace

MergeTable::MergeTable(std::size_t n_pairs) {
  const std::size_t n_slots = std::bit_ceil(n_pairs + n_pairs / 2 + 2);  // at most two thirds full
  slots_.edit().assign(n_slots, kEmpty);
  mask_ = n_slots - 1;
  shift_ = 64 - std::countr_zero(n_slots);
}

bool MergeTable::settle(std::size_t n_pieces) {
  if (!std::has_single_bit(slots_.size()) || slots_.size() < 2) return false;
  if (!priorities_.empty() && priorities_.size() != results_.size()) return false;
  mask_ = slots_.size() - 1;
  shift_ = 64 - std::countr_zero(slots_.size());
  bool has_end = false;
  for (const std::uint64_t slot : slots_.span()) {
    if (slot == kEmpty) {
      has_end = true;
    } else if ((slot & kIndexMask) >= results_.size() || results_[slot & kIndexMask] < 0) {
      return false;
    }
  }
  const auto known = [&](TokenId id) { return id < 0 || static_cast<std::size_t>(id) < n_pieces; };
  return has_end && std::all_of(results_.span().begin(), results_.span().end(), known);
}

bool MergeTable::insert(TokenId left, TokenId right, std::uint32_t index) {
  const std::uint64_t key = pack(left, right);
  std::vector<std::uint64_t>& slots = slots_.edit();
  std::size_t i = slot_of(key);
  for (; slots[i] != kEmpty; i = (i + 1) & mask_) {
    if (slots[i] >> kIndexBits == key) return false;
  }
  slots[i] = key << kIndexBits | index;
  return true;
}

Result<MergeTable> MergeTable::from_ranks(const Vocabulary& vocabulary, const PieceIndex& index) {
  MergeTable table(vocabulary.merges.size());
  table.results_.edit().reserve(vocabulary.merges.size());
  std::string joined;
  for (std::size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const auto [left, right] = vocabulary.merges[rank];
    const auto known = [&](TokenId id) { return id >= 0 && static_cast<std::size_t>(id) < vocabulary.pieces.size(); };
    if (!known(left) || !known(right)) {
      return corrupt("tokenizer: merge " + std::to_string(rank) +
                     " joins a piece id that the vocabulary does not have");
    }
    const auto result = index.find_joined(vocabulary.pieces[static_cast<std::size_t>(left)],
                                          vocabulary.pieces[static_cast<std::size_t>(right)], joined);
    if (!result) {
      return corrupt("tokenizer: merge " + std::to_string(rank) + " makes " + quoted(joined) +
                     ", which is no piece of the vocabulary");
    }
    const bool kept = may_be_made(vocabulary.types[static_cast<std::size_t>(*result)]);
    table.results_.edit().push_back(kept ? *result : -1);
    if (kept && !table.insert(left, right, static_cast<std::uint32_t>(rank))) {
      return corrupt("tokenizer: merge " + std::to_string(rank) + " of " +
                     quoted(vocabulary.pieces[static_cast<std::size_t>(left)]) + " and " +
                     quoted(vocabulary.pieces[static_cast<std::size_t>(right)]) + " is in the file twice");
    }
  }
  return table;
}

MergeTable MergeTable::from_scores(const Vocabulary& vocabulary, const PieceIndex& index) {
  std::vector<TokenId> by_score;
  for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    if (vocabulary.types[id] == PieceType::kNormal) by_score.push_back(static_cast<TokenId>(id));
  }
  const auto score = [&](TokenId id) { return vocabulary.scores[static_cast<std::size_t>(id)]; };
  std::stable_sort(by_score.begin(), by_score.end(), [&](TokenId a, TokenId b) { return score(a) > score(b); });

  std::vector<Pair> pairs;
  pairs.reserve(2 * by_score.size());
  std::vector<TokenId> results;
  std::vector<std::uint32_t> priorities;
  for (const TokenId id : by_score) {
    const std::size_t before = pairs.size();
    const auto merge_index = static_cast<std::uint32_t>(results.size());
    cut_in_two(vocabulary, index, id, merge_index, pairs);
    if (pairs.size() == before) continue;
    const bool tie = !results.empty() && score(results.back()) == score(id);
    priorities.push_back(tie ? priorities.back() : merge_index);
    results.push_back(id);
  }

  MergeTable table(pairs.size());
  for (const Pair& pair : pairs) table.insert(pair.left, pair.right, pair.index);
  table.results_ = std::move(results);
  table.priorities_ = std::move(priorities);
  return table;
}

std::size_t MergeTable::memory_bytes() const {
  return slots_.memory_bytes() + results_.memory_bytes() + priorities_.memory_bytes();
}

}  // namespace carat::tokenizer
