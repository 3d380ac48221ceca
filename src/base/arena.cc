#include "base/arena.h"

#include <fmt/core.h>
#include <sys/mman.h>

namespace carat {

Arena::~Arena() {
  if (data_ != nullptr) munmap(data_, size_);
}

Result<void> Arena::reserve(std::size_t bytes) {
  CARAT_CHECK(used_ == 0);
  bytes = (bytes + 4095) / 4096 * 4096;
  if (bytes <= size_) return {};
  // The old block goes first: growing must not need both at once.
  if (data_ != nullptr) munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    return out_of_memory(fmt::format("cannot allocate {} bytes for a step's buffers: use a smaller --chunk", bytes));
  }
  data_ = static_cast<std::byte*>(p);
  size_ = bytes;
  return {};
}

}  // namespace carat
