#include "cli/memory_reserve.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace carat::cli {
namespace {

// Large enough for malloc to map it by itself: given back, it is there for every kind of allocation. Never touched, so
// it takes address space and no memory.
constexpr std::size_t kBytes = std::size_t{1} << 20;

std::atomic<void*> reserve{nullptr};  // a new-handler has no other way to its state

void give_up_reserve() {
  void* kept = reserve.exchange(nullptr);
  if (kept == nullptr) throw std::bad_alloc();
  std::free(kept);  // and the allocation is tried again
}

}  // namespace

void keep_memory_reserve() {
  reserve = std::malloc(kBytes);
  std::set_new_handler(give_up_reserve);
}

}  // namespace carat::cli
