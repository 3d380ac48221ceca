#pragma once

#include <filesystem>

#include "base/result.h"
#include "tensor/dtype.h"

namespace carat::quality {

/// What a copy holds.
struct Reencoded {
  int n_matrices = 0;  ///< re-encoded
  int n_kept = 0;      ///< matrices whose columns are no whole number of blocks: as they were
};

/// Writes a copy of a GGUF model whose matrices are decoded and encoded again as `dtype` by quant::encode_row, so that
/// every weight type can be judged on one real model. Embedding tables are matrices here; vectors stay as they are.
/// Errors: those of GgufFile::open and write_gguf; kInvalidArgument when no matrix fits the type.
Result<Reencoded> write_reencoded(const std::filesystem::path& source, DType dtype, const std::filesystem::path& out);

}  // namespace carat::quality
