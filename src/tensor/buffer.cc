#include "tensor/buffer.h"

#include <fmt/core.h>
#include <sys/mman.h>

namespace carat {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

Result<Buffer> Buffer::allocate(std::size_t bytes) {
  Buffer buffer;
  if (bytes == 0) return buffer;
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    return out_of_memory(
        fmt::format("cannot allocate {} bytes: close other programs or choose a smaller model", bytes));
  }
  if (bytes >= kHugePage) madvise(p, bytes, MADV_HUGEPAGE);  // advice only: failure changes nothing but speed
  buffer.data_ = static_cast<std::byte*>(p);
  buffer.size_ = bytes;
  return buffer;
}

Buffer::~Buffer() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace carat
