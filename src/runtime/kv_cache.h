#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/kv_view.h"
#include "runtime/page_pool.h"

namespace carat::runtime {

using SequenceId = std::int32_t;

/// The keys and values of all sequences, in pages of 64 keys at absolute positions, for full and sliding layers alike.
///
///     ASSIGN_OR_RETURN(KvCache kv, KvCache::create({.layouts = model.kv_layouts(type), .n_layers = n}));
///     const SequenceId s = kv.create_sequence();
///     RETURN_IF_ERROR(kv.prepare(s, rows.size()));        // pages for the rows of the next step
///     ... model.step(rows, a KvView of kv.pages(s)) ...
///     kv.after_step(s, rows.size());                      // they count now; old window pages are let go
///     const SequenceId twin = kv.fork(s);                 // shares every page until one of them writes
///     const std::int64_t n = kv.truncate(s, position);    // rows n, n + 1, ... must be fed again
///
/// Memory is used as sequences grow and goes back to the pool when pages are let go; max_bytes bounds it.
/// Not thread-safe: belongs to the stepping thread.
class KvCache {
 public:
  /// Keys kept behind a sliding window, so that the last rows can be taken back: at least the longest draft.
  static constexpr std::int64_t kKeep = 64;

  struct Options {
    std::vector<model::KvLayerLayout> layouts;  ///< layers with K/V of their own, all of one KvType
    std::int64_t n_layers = 0;                  ///< of the model, also those that read a donor's
    std::int64_t max_bytes = 0;                 ///< refuse to grow beyond; 0 = until the system refuses
  };
  /// Errors: kInvalidArgument naming the layer whose shape is impossible.
  static Result<KvCache> create(Options options);

  /// Bytes of n_sequences full contexts when at most `chunk` rows of a sequence are in one step: full layers hold
  /// `context` keys, sliding ones window - 1 + chunk + kKeep, in whole pages. Errors: kLimit on overflow.
  static Result<std::int64_t> planned_bytes(std::span<const model::KvLayerLayout> layouts, std::int64_t context,
                                            std::int64_t n_sequences, std::int64_t chunk);

  /// What a fork of the prompt takes beyond that while an answer grows behind it: sliding layers keep the prompt's
  /// window twice, and every layer a second copy of the page that the two share. Errors: kLimit on overflow.
  static Result<std::int64_t> planned_fork_bytes(std::span<const model::KvLayerLayout> layouts, std::int64_t context,
                                                 std::int64_t chunk);

  SequenceId create_sequence();
  void remove_sequence(SequenceId id);
  /// A second sequence with the same contents. Pages are shared until written to.
  SequenceId fork(SequenceId id);

  /// Makes positions length ... length + n_new - 1 writable: allocates pages, makes a shared partly filled one private.
  /// Errors: kLimit (max_bytes) or kOutOfMemory; the sequence is then as before.
  Result<void> prepare(SequenceId id, std::int64_t n_new);
  /// After a step that wrote n_new positions: they belong to the sequence, and sliding layers let go of pages that lie
  /// wholly more than kKeep keys behind their window. Never inside a step: sharing layers still read them.
  void after_step(SequenceId id, std::int64_t n_new);
  /// Forgets the positions from `position` on, also those only prepared. Returns the new length: `position`, or 0 when
  /// a sliding layer no longer has the keys that a row there would see. REQUIRES: 0 <= position <= length.
  std::int64_t truncate(SequenceId id, std::int64_t position);

  std::int64_t length(SequenceId id) const { return sequence(id).length; }
  const model::KvSequencePages& pages(SequenceId id) const { return sequence(id).table; }
  model::KvType type() const { return options_.layouts.empty() ? model::KvType::kF32 : options_.layouts[0].type; }
  std::int64_t bytes_in_use() const { return bytes_in_use_; }
  std::int64_t peak_bytes() const { return peak_bytes_; }
  std::int64_t max_bytes() const { return options_.max_bytes; }

 private:
  struct Sequence {
    std::int64_t length = 0;
    model::KvSequencePages table;
    std::vector<std::int64_t> first_page;  ///< per layout: pages before it were let go
  };

  explicit KvCache(Options options);
  static Result<void> check(const Options& options);
  void share_pages(Sequence& from, Sequence& twin);
  Sequence& sequence(SequenceId id);
  const Sequence& sequence(SequenceId id) const;
  std::vector<std::byte*>& pages_of(Sequence& s, std::size_t layout_idx);
  PagePool& pool_of(std::size_t layout_idx) { return pools_[pool_idx_[layout_idx]]; }
  std::int64_t bytes_to_prepare(Sequence& s, std::int64_t n_new);
  Result<std::byte*> allocate(std::size_t layout_idx);
  void release(std::size_t layout_idx, std::byte*& page);
  void drop_pages_from(Sequence& s, std::size_t layout_idx, std::int64_t first);
  Result<void> grow(Sequence& s, std::size_t layout_idx, std::int64_t n_new);

  Options options_;
  std::vector<PagePool> pools_;        ///< one per page size
  std::vector<std::size_t> pool_idx_;  ///< per layout
  std::vector<std::unique_ptr<Sequence>> sequences_;
  std::vector<SequenceId> free_ids_;
  std::int64_t bytes_in_use_ = 0;
  std::int64_t peak_bytes_ = 0;
};

}  // namespace carat::runtime
