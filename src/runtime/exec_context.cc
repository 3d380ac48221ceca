#include "runtime/exec_context.h"

#include <fmt/core.h>

#include <cstdlib>
#include <system_error>

#include "base/bad_alloc.h"
#include "kernels/isa.h"
#include "kernels/kernel_table.h"
#include "ref/table.h"

namespace carat::runtime {
namespace {

constexpr int kMaxThreads = 256;

// The one place that chooses kernels: a name from the caller, else from CARAT_ISA, else what the CPU does best.
Result<const kernels::KernelTable*> choose_table(std::string_view name) {
  if (name.empty()) {
    const char* forced = std::getenv("CARAT_ISA");
    if (forced != nullptr) name = forced;
  }
  if (name.empty()) return kernels::best_isa_target().table;
  if (name == "ref") return &ref::table();
  std::string known = "ref";
  for (const kernels::IsaTarget& target : kernels::isa_targets()) {
    if (target.name == name) {
      if (target.supported()) return target.table;
      return unsupported(fmt::format("this processor cannot run the {} kernels (they need {}); unset CARAT_ISA",
                                     target.name, target.needs));
    }
    known += fmt::format(", {}", target.name);
  }
  return invalid_argument(fmt::format("unknown kernels '{}'; CARAT_ISA is one of {}", name, known));
}

}  // namespace

Result<std::unique_ptr<ExecContext>> ExecContext::create(const Options& options) {
  if (options.n_threads < 0 || options.n_threads > kMaxThreads) {
    return invalid_argument(fmt::format("{} threads; expected 1 to {}", options.n_threads, kMaxThreads));
  }
  ASSIGN_OR_RETURN(const kernels::KernelTable* table, choose_table(options.isa));
  const int n = options.n_threads > 0 ? options.n_threads : default_thread_count();
  return no_bad_alloc([&]() -> Result<std::unique_ptr<ExecContext>> {
    try {
      return std::unique_ptr<ExecContext>(new ExecContext(n, table, options.compute));
    } catch (const std::system_error& error) {
      return io_error(
          fmt::format("cannot start threads ({} are wanted): {}; ask for fewer with --threads, or let this "
                      "user have more (ulimit -u)",
                      n, error.code().message()));
    }
  });
}

ExecContext::ExecContext(int n_threads, const kernels::KernelTable* table, kernels::Compute compute)
    : pool_(n_threads) {
  exec_ = {table, &pool_, &arena_, compute};
}

std::string_view ExecContext::isa_name() const { return exec_.table->name; }

}  // namespace carat::runtime
