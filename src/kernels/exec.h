#pragma once

namespace carat {
class Arena;
class ThreadPool;
}  // namespace carat

namespace carat::kernels {

struct KernelTable;

/// What an op needs besides its operands: which kernels, which threads, where scratch memory comes from. Passed down
/// by reference; nothing in it is global, so one process can compare two ISAs or run two engines. One step at a time.
struct Exec {
  const KernelTable* table = nullptr;
  ThreadPool* pool = nullptr;
  Arena* arena = nullptr;
};

}  // namespace carat::kernels
