#include "runtime/page_pool.h"

#include <algorithm>
#include <cstring>

namespace carat::runtime {
namespace {

// Slabs are address space: memory is used page by page as it is touched. A few huge pages each, so that the system
// can back them with huge pages and long contexts need few mappings.
constexpr std::int64_t kSlabBytes = std::int64_t{8} << 20;

}  // namespace

PagePool::PagePool(std::int64_t page_bytes)
    : page_bytes_(page_bytes), pages_per_slab_(std::max<std::int64_t>(1, kSlabBytes / page_bytes)) {
  CARAT_CHECK(page_bytes > 0);
}

Result<std::byte*> PagePool::allocate() {
  std::byte* page = nullptr;
  if (!free_.empty()) {
    page = free_.back();
    free_.pop_back();
    std::memset(page, 0, static_cast<std::size_t>(page_bytes_));
  } else {
    if (fresh_pages_ == 0) {
      ASSIGN_OR_RETURN(Buffer slab, Buffer::allocate(static_cast<std::size_t>(pages_per_slab_ * page_bytes_)));
      // release() must not fail: there is always room for all pages in the free list.
      free_.reserve((slabs_.size() + 1) * static_cast<std::size_t>(pages_per_slab_));
      slabs_.push_back(std::move(slab));
      fresh_pages_ = pages_per_slab_;
    }
    page = slabs_.back().data() + (pages_per_slab_ - fresh_pages_) * page_bytes_;
    --fresh_pages_;
  }
  ++in_use_;
  return page;
}

void PagePool::share(std::byte* page) { ++extra_owners_[page]; }

void PagePool::release(std::byte* page) {
  if (const auto it = extra_owners_.find(page); it != extra_owners_.end()) {
    if (--it->second == 0) extra_owners_.erase(it);
    return;
  }
  free_.push_back(page);
  --in_use_;
}

}  // namespace carat::runtime
