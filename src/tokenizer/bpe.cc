#include "tokenizer/bpe.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>

#include "base/check.h"

namespace carat::tokenizer {
namespace {

/// Up to here scanning for the best pair is faster than a heap; 48 symbols hold all but a few words of any language.
constexpr std::size_t kShortWord = 48;

/// The word as a doubly linked list over arrays; the heap holds (priority, position) of pairs that were once possible.
class LongWord {
 public:
  LongWord(const MergeTable& merges, std::span<TokenId> word)
      : merges_(merges),
        word_(word),
        previous_(word.size()),
        next_(word.size()),
        pair_(word.size(), MergeTable::kNone) {
    const auto n = static_cast<std::uint32_t>(word.size());
    std::vector<std::uint64_t> entries;
    entries.reserve(n);
    for (std::uint32_t i = 0; i < n; ++i) {
      previous_[i] = i - 1;  // wraps to kEnd at the first
      next_[i] = i + 1 < n ? i + 1 : kEnd;
      if (next_[i] != kEnd) pair_[i] = merges_.find(word_[i], word_[i + 1]);
      if (pair_[i] != MergeTable::kNone) entries.push_back(entry(i));
    }
    heap_ = Heap(std::greater<>(), std::move(entries));
  }

  void merge_all() {
    while (!heap_.empty()) {
      const std::uint64_t top = heap_.top();
      heap_.pop();
      const auto at = static_cast<std::uint32_t>(top);
      // Stale unless the pair that starts here still has this priority; two entries of one pair are harmless, since
      // after the first the position has another pair or none.
      if (pair_[at] != MergeTable::kNone && entry(at) == top) join(at);
    }
  }

  void append_to(std::vector<TokenId>& out) const {
    for (std::uint32_t i = 0; i != kEnd; i = next_[i]) out.push_back(word_[i]);
  }

 private:
  using Heap = std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>>;
  static constexpr std::uint32_t kEnd = 0xFFFFFFFF;

  std::uint64_t entry(std::uint32_t at) const { return std::uint64_t{merges_.priority(pair_[at])} << 32 | at; }

  void join(std::uint32_t at) {
    const std::uint32_t right = next_[at];
    word_[at] = merges_.result(pair_[at]);
    next_[at] = next_[right];
    if (next_[at] != kEnd) previous_[next_[at]] = at;
    pair_[right] = MergeTable::kNone;
    look_up(at);
    if (previous_[at] != kEnd) look_up(previous_[at]);
  }

  void look_up(std::uint32_t at) {
    pair_[at] = next_[at] == kEnd ? MergeTable::kNone : merges_.find(word_[at], word_[next_[at]]);
    if (pair_[at] != MergeTable::kNone) heap_.push(entry(at));
  }

  const MergeTable& merges_;
  std::span<TokenId> word_;
  std::vector<std::uint32_t> previous_, next_;
  std::vector<std::uint32_t> pair_;  // merge of the pair that starts here
  Heap heap_;
};

}  // namespace

void merge_short_word(const MergeTable& merges, std::span<TokenId> word, std::vector<TokenId>& out) {
  std::array<std::uint32_t, kShortWord> pair;  // merge of (i, i + 1)
  CARAT_CHECK(word.size() <= pair.size());
  std::size_t n = word.size();
  const auto look_up = [&](std::size_t i) {
    pair[i] = i + 1 < n ? merges.find(word[i], word[i + 1]) : MergeTable::kNone;
  };
  for (std::size_t i = 0; i < n; ++i) look_up(i);
  while (n > 1) {
    std::size_t best = n;
    std::uint32_t best_priority = MergeTable::kNone;
    for (std::size_t i = 0; i + 1 < n; ++i) {
      if (pair[i] == MergeTable::kNone) continue;
      const std::uint32_t priority = merges.priority(pair[i]);
      if (priority < best_priority) best = i, best_priority = priority;
    }
    if (best == n) break;
    word[best] = merges.result(pair[best]);
    std::copy(word.begin() + best + 2, word.begin() + n, word.begin() + best + 1);
    std::copy(pair.begin() + best + 2, pair.begin() + n, pair.begin() + best + 1);
    --n;
    look_up(best);
    if (best > 0) look_up(best - 1);
  }
  out.insert(out.end(), word.begin(), word.begin() + n);
}

void merge_long_word(const MergeTable& merges, std::span<TokenId> word, std::vector<TokenId>& out) {
  if (word.empty()) return;
  CARAT_CHECK(word.size() < 0xFFFFFFFFu);
  LongWord list(merges, word);
  list.merge_all();
  list.append_to(out);
}

void merge_word(const MergeTable& merges, std::span<TokenId> word, std::vector<TokenId>& out) {
  if (word.size() <= kShortWord) {
    merge_short_word(merges, word, out);
  } else {
    merge_long_word(merges, word, out);
  }
}

}  // namespace carat::tokenizer
