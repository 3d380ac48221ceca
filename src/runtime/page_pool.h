#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tensor/buffer.h"

namespace carat::runtime {

/// Pages of one size, cut from large slabs, with a free list and owners counted per page. A page handed out is zero,
/// so that one sequence never meets the bytes (or the NaNs) of another.
/// Not thread-safe: belongs to the stepping thread.
class PagePool {
 public:
  explicit PagePool(std::int64_t page_bytes);

  std::int64_t page_bytes() const { return page_bytes_; }
  std::int64_t pages_in_use() const { return in_use_; }

  /// A zeroed page with one owner. Errors: kOutOfMemory when the system has no more.
  Result<std::byte*> allocate();
  /// One more owner.
  void share(std::byte* page);
  /// One owner less; the last one gives the page back.
  void release(std::byte* page);
  bool is_shared(const std::byte* page) const { return extra_owners_.contains(page); }

 private:
  std::int64_t page_bytes_;
  std::int64_t pages_per_slab_;
  std::int64_t fresh_pages_ = 0;  ///< of the last slab, never handed out, still zero
  std::int64_t in_use_ = 0;
  std::vector<Buffer> slabs_;
  std::vector<std::byte*> free_;                                     ///< used before
  std::unordered_map<const std::byte*, std::int64_t> extra_owners_;  ///< owners beyond the first; only shared pages
};

}  // namespace carat::runtime
