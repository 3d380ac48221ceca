#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/result.h"

namespace carat {

/// Scratch memory of one step: reserved once (that can fail), then handed out without failing, given back as a whole.
///
///     RETURN_IF_ERROR(arena.reserve(bytes_for(rows)));
///     Arena::Scope scope(arena);               // everything allocated below is returned at the end of the block
///     float* x = arena.allocate<float>(rows * d_model);   // uninitialised, aligned to 64 bytes
///
/// One thread at a time. Reserve may move nothing that is in use: REQUIRES no open scope.
class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Makes sure that `bytes` (rounded up per allocation to 64) can be handed out. Error: kOutOfMemory.
  Result<void> reserve(std::size_t bytes);

  template <typename T>
  T* allocate(std::int64_t n) {
    CARAT_CHECK(n >= 0);
    const std::size_t bytes = rounded(static_cast<std::size_t>(n) * sizeof(T));
    CARAT_CHECK(used_ + bytes <= size_);
    T* p = reinterpret_cast<T*>(data_ + used_);
    used_ += bytes;
    if (used_ > peak_) peak_ = used_;
    return p;
  }
  static constexpr std::size_t rounded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }
  static constexpr std::size_t rounded_floats(std::int64_t n) { return rounded(static_cast<std::size_t>(n) * 4); }

  std::size_t capacity() const { return size_; }
  std::size_t peak() const { return peak_; }

  class Scope {
   public:
    explicit Scope(Arena& arena) : arena_(arena), used_(arena.used_) {}
    ~Scope() { arena_.used_ = used_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Arena& arena_;
    std::size_t used_;
  };

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace carat
