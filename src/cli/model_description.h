#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint.h"
#include "tensor/dtype.h"

namespace carat::cli {

/// The tensors of one element type, and what becomes of them in memory.
struct TensorTypeUse {
  DType dtype;
  std::string stored_as;  ///< packed format ("s4x32"), "f32" for vectors, "in file" for tables read by the row,
                          ///< "indices", "not loaded"
  std::int64_t n_tensors = 0;
  std::int64_t n_elements = 0;
  std::int64_t file_bytes = 0;
  std::int64_t memory_bytes = 0;
  bool packed = false;  ///< a matrix: stored_as names its packed format
};

/// "Q5_0 grows when packed: 1.2 GB in the file, 1.5 GB in memory" (its codes, or its scales, are stored wider), or ""
/// for a type that does not.
std::string growth_when_packed(const TensorTypeUse& use);

/// By type and fate, largest in the file first. A tied embedding table is packed as head and read from the file as
/// well; it counts once, as packed.
std::vector<TensorTypeUse> tensor_type_uses(const model::Checkpoint& checkpoint);

/// Layers that are equal but for their place; "first" is the index of the first of them.
struct LayerKind {
  model::LayerConfig layer;
  std::int64_t first = 0;
  std::int64_t n_layers = 0;
  bool owns_kv = true;
};
std::vector<LayerKind> layer_kinds(const model::ModelConfig& config);

std::string_view architecture_name(model::Architecture architecture);

}  // namespace carat::cli
