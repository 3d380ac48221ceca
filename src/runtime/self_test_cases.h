#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "kernels/exec.h"

namespace carat::runtime {

/// A small seeded problem for one op of a kernel table: lengths that end before, at and behind vectors, one column and
/// many, every weight type. The numbers come from base/rng.h and are the same everywhere.
struct KernelCase {
  std::string name;  ///< "rms_norm", "matmul Q4_0", "matmul_i8 Q4_0", "attention bf16", "attention_split bf16"
  std::function<std::vector<float>(kernels::Exec&)> run;  ///< all that the op wrote; exec.table has the op
};

/// In the order of the members of KernelTable. `attention_split` takes its three steps when exec has two threads.
std::vector<KernelCase> kernel_cases();

/// Arena bytes that any of them needs.
std::size_t kernel_case_scratch_bytes();

}  // namespace carat::runtime
