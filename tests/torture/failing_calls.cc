#include "failing_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

// glibc's own names for what is replaced here.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace carat::torture {
namespace {

std::atomic<bool> armed{false};
std::atomic<std::int64_t> n_calls{0}, fails_at{0}, n_blocks{0}, mapped_bytes{0};
std::atomic<Failing> how{Failing::kOne};

bool fails() {
  if (!armed.load(std::memory_order_relaxed)) return false;
  const std::int64_t call = n_calls.fetch_add(1) + 1, at = fails_at.load();
  return at > 0 && (how.load() == Failing::kOne ? call == at : call >= at);
}

void* counted(void* block) {
  if (block != nullptr) n_blocks.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void* no_memory() {
  errno = ENOMEM;
  return nullptr;
}

std::int64_t whole_pages(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 4095) / 4096 * 4096); }

}  // namespace

void arm(std::int64_t k, Failing failing) {
  n_calls = 0;
  fails_at = k;
  how = failing;
  armed = true;
}

std::int64_t disarm() {
  armed = false;
  return n_calls;
}

Held held() {
  Held now{n_blocks, mapped_bytes, 0};
  DIR* dir = opendir("/proc/self/fd");
  while (readdir(dir) != nullptr) ++now.n_descriptors;
  closedir(dir);
  return now;
}

}  // namespace carat::torture

using carat::torture::counted;
using carat::torture::fails;
using carat::torture::no_memory;

extern "C" {

void* malloc(std::size_t n) { return fails() ? no_memory() : counted(__libc_malloc(n)); }
void* calloc(std::size_t n, std::size_t size) { return fails() ? no_memory() : counted(__libc_calloc(n, size)); }
void* realloc(void* old, std::size_t n) {
  if (old == nullptr) return malloc(n);
  if (n != 0 && fails()) return no_memory();
  if (n == 0) carat::torture::n_blocks.fetch_sub(1);
  return __libc_realloc(old, n);
}
void free(void* block) {
  if (block != nullptr) carat::torture::n_blocks.fetch_sub(1, std::memory_order_relaxed);
  __libc_free(block);
}
void* memalign(std::size_t alignment, std::size_t n) {
  return fails() ? no_memory() : counted(__libc_memalign(alignment, n));
}
void* aligned_alloc(std::size_t alignment, std::size_t n) { return memalign(alignment, n); }
int posix_memalign(void** out, std::size_t alignment, std::size_t n) {
  void* block = memalign(alignment, n);
  if (block == nullptr) return ENOMEM;
  *out = block;
  return 0;
}

void* mmap(void* address, std::size_t n, int protection, int flags, int fd, off_t offset) {
  if (fails()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  const long result = syscall(SYS_mmap, address, n, protection, flags, fd, offset);
  if (result == -1) return MAP_FAILED;
  if ((flags & MAP_FIXED) == 0) carat::torture::mapped_bytes.fetch_add(carat::torture::whole_pages(n));
  return reinterpret_cast<void*>(result);
}
void* mmap64(void* address, std::size_t n, int protection, int flags, int fd, off_t offset) {
  return mmap(address, n, protection, flags, fd, offset);
}
int munmap(void* address, std::size_t n) {
  const auto result = static_cast<int>(syscall(SYS_munmap, address, n));
  if (result == 0) carat::torture::mapped_bytes.fetch_sub(carat::torture::whole_pages(n));
  return result;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return fails() ? EAGAIN : create(thread, attributes, start, argument);
}

}  // extern "C"
