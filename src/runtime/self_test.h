#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernels/kernel_table.h"

namespace carat::runtime {

/// Which ops of a table do not give the bits that every carat must give (docs/arithmetic.md).
struct KernelCheck {
  std::string isa;
  int n_ops = 0;                   ///< cases tried: every op, products once a weight type
  std::vector<std::string> wrong;  ///< names of KernelCase
};

/// The known-answer test: small problems of every op, the hashes of their results against constants
/// (self_test_answers.h). Errors: kOutOfMemory (about 1 MiB).
Result<KernelCheck> check_kernels(const kernels::KernelTable& table);

/// Every table that this CPU can run, slowest first; well below a second.
Result<std::vector<KernelCheck>> check_all_kernels();

/// XXH3 of the bits of a result.
std::uint64_t answer_hash(const std::vector<float>& values);

/// The constant of a case, 0 where there is none.
std::uint64_t known_answer(std::string_view case_name);

}  // namespace carat::runtime
