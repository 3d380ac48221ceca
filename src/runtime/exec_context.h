#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/exec.h"

namespace carat::runtime {

/// Threads, scratch memory and kernels of one engine; hands out the Exec that ops take.
///
///     ASSIGN_OR_RETURN(auto context, ExecContext::create({.n_threads = 2}));
///     model->step(rows, kv, context->exec(), out, nullptr);
class ExecContext {
 public:
  struct Options {
    int n_threads = 0;  ///< 0 = the processors this process may use
    kernels::Compute compute = kernels::Compute::kExact;
    std::string_view isa;  ///< a target of kernels/isa.h or "ref"; empty = CARAT_ISA, else the best one supported
  };

  /// Errors: kInvalidArgument naming an unknown or unsupported ISA and those there are; kIo when the system starts
  /// no more threads; kOutOfMemory.
  static Result<std::unique_ptr<ExecContext>> create(const Options& options);

  kernels::Exec& exec() { return exec_; }
  ThreadPool& pool() { return pool_; }
  std::string_view isa_name() const;

 private:
  ExecContext(int n_threads, const kernels::KernelTable* table, kernels::Compute compute);

  ThreadPool pool_;
  Arena arena_;
  kernels::Exec exec_;
};

}  // namespace carat::runtime
