#pragma once

#include <cstdint>

/// Calls that take memory from the system, made to fail: malloc and its family (so operator new, SQLite and every other
/// library too), mmap, and pthread_create. failing_calls.cc stands in for them in the whole program.
namespace carat::torture {

enum class Failing {
  kOne,          ///< the k-th call fails, the others do not
  kAllFromThere  ///< and every one after it
};

/// From now on calls of all threads are counted, and the k-th fails (0: none does).
void arm(std::int64_t k, Failing failing);
/// Nothing fails any more. Returns how many calls there were.
std::int64_t disarm();

/// What is held at this moment: blocks of memory, bytes of mappings, open file descriptors.
struct Held {
  std::int64_t n_blocks = 0;
  std::int64_t mapped_bytes = 0;
  std::int64_t n_descriptors = 0;

  bool operator==(const Held&) const = default;
};
Held held();

}  // namespace carat::torture
