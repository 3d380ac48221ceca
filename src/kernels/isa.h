#pragma once

#include <span>
#include <string_view>

namespace carat::kernels {

struct KernelTable;

/// One way to run the kernels. A new ISA is a file in targets/, a vec_*.h and a line in the table of isa.cc.
struct IsaTarget {
  std::string_view name;   ///< what CARAT_ISA takes: "scalar", "avx2", "avx2vnni", "avx512"
  std::string_view needs;  ///< CPU features, for people
  const KernelTable* table;
  bool (*supported)();  ///< by this CPU
};

/// All targets compiled in, slowest first; `scalar` always runs.
std::span<const IsaTarget> isa_targets();

/// The fastest target that this CPU supports.
const IsaTarget& best_isa_target();

}  // namespace carat::kernels
