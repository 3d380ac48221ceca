#pragma once

#include "kernels/kernel_table.h"

namespace carat::ref {

/// Every op as a plain loop in double, with the kernels' signatures: one more table, so that the whole model can run on
/// the definitions (CARAT_ISA=ref), and the oracle that the fast tables are tested against. Slow; not the bits of the
/// others.
const kernels::KernelTable& table();

}  // namespace carat::ref
