#include "formats/tensor_index.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/checked.h"
#include "formats/printable.h"

namespace carat::formats {

Result<TensorIndex> TensorIndex::build(std::span<const Tensor> tensors, std::string_view where) {
  TensorIndex index;
  index.by_name_.resize(tensors.size());
  std::iota(index.by_name_.begin(), index.by_name_.end(), 0u);
  std::sort(index.by_name_.begin(), index.by_name_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return tensors[a].name < tensors[b].name; });
  for (std::size_t i = 1; i < index.by_name_.size(); ++i) {
    const std::string& name = tensors[index.by_name_[i]].name;
    if (name == tensors[index.by_name_[i - 1]].name) {
      return corrupt(fmt::format("{}: tensor {} is there twice; names must be unique", where, printable(name)));
    }
  }
  return index;
}

const Tensor* TensorIndex::find(std::span<const Tensor> tensors, std::string_view name) const {
  const auto it = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [&](std::uint32_t i, std::string_view wanted) { return tensors[i].name < wanted; });
  if (it == by_name_.end() || tensors[*it].name != name) return nullptr;
  return &tensors[*it];
}

Result<std::uint64_t> tensor_bytes(std::string_view where, std::string_view name, DType dtype,
                                   std::span<const std::int64_t> shape) {
  const DTypeInfo& type = dtype_info(dtype);
  Checked<std::uint64_t> elements(1);
  for (const std::int64_t extent : shape) {
    if (extent < 1) {
      return corrupt(
          fmt::format("{}: tensor {} has an extent of {}; at least 1 was expected", where, printable(name), extent));
    }
    elements = elements * static_cast<std::uint64_t>(extent);
  }
  const auto cols = static_cast<std::uint64_t>(shape.empty() ? 1 : shape.back());
  if (cols % type.block_elements != 0) {
    return corrupt(fmt::format("{}: tensor {} has rows of {} elements; {} needs a multiple of {}", where,
                               printable(name), cols, type.name, type.block_elements));
  }
  // cols is a multiple of the block, so the product of all extents is one too.
  const std::uint64_t count = elements.value().value_or(0);
  const auto bytes = (Checked<std::uint64_t>(count / type.block_elements) * type.block_bytes).value();
  if (!elements.ok() || !bytes || count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return corrupt(fmt::format("{}: tensor {} is larger than 64 bits can count", where, printable(name)));
  }
  return *bytes;
}

Result<void> check_no_overlap(std::vector<TensorRange> ranges, std::span<const Tensor> tensors,
                              std::string_view where) {
  std::sort(ranges.begin(), ranges.end(), [](const TensorRange& a, const TensorRange& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin < ranges[i - 1].end) {
      return corrupt(fmt::format("{}: tensors {} and {} overlap; download the file again", where,
                                 printable(tensors[ranges[i - 1].tensor].name),
                                 printable(tensors[ranges[i].tensor].name)));
    }
  }
  return {};
}

}  // namespace carat::formats
