#pragma once

namespace carat {
class Arena;
class ThreadPool;
}  // namespace carat

namespace carat::kernels {

struct KernelTable;

/// Arithmetic of matrix products with quantised weights (docs/arithmetic.md); everything else is f32 in both.
enum class Compute {
  kExact,  ///< stored weight values, f32 activations
  kFast,   ///< activations rounded to int8 in blocks of 32, integer dots
};

/// What an op needs besides its operands: which kernels, which threads, where scratch memory comes from. Passed down
/// by reference; nothing in it is global, so one process can compare two ISAs or run two engines. One step at a time.
struct Exec {
  const KernelTable* table = nullptr;
  ThreadPool* pool = nullptr;
  Arena* arena = nullptr;
  Compute compute = Compute::kExact;
};

}  // namespace carat::kernels
