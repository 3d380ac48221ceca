#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernels_testing.h"
#include "ref/table.h"

/// Test helper: one way to hold an op against ref and every ISA against scalar.
namespace carat::kernels::testing {

/// One input of one op: its name for messages, and how far f32 may be from ref. `bound` is relative to the largest
/// |ref| of the case, plus `floor` absolute (for results that are nothing but rounding errors).
struct OpCase {
  std::string name;
  double bound = 0;
  double floor = 0;
};

/// Runs `op` with ref and with every ISA: each ISA within the bound of ref, all ISAs with the bits of scalar.
/// `op` builds its operands, calls the op through the Exec it is given and returns what came out.
inline void expect_op(const OpCase& op_case, const std::function<std::vector<float>(Exec&)>& op) {
  Workbench ref_workbench(ref::table());
  const std::vector<float> want = op(ref_workbench.exec());
  double largest = 0;
  for (const float w : want) largest = std::max(largest, std::fabs(static_cast<double>(w)));
  std::vector<float> first;
  for (const KernelTable* table : available_tables()) {
    Workbench bench(*table, 2);
    const std::vector<float> got = op(bench.exec());
    ASSERT_EQ(got.size(), want.size()) << op_case.name;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double error = std::fabs(static_cast<double>(got[i]) - want[i]);
      ASSERT_LE(error, op_case.bound * largest + op_case.floor)  // also false for NaN
          << op_case.name << ", " << table->name << ", element " << i << ": " << got[i] << " for " << want[i];
    }
    if (first.empty()) first = got;
    ASSERT_TRUE(same_bits(got, first)) << op_case.name << ": " << table->name << " differs from scalar";
  }
}

}  // namespace carat::kernels::testing
