#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace carat::fuzz {

/// A tensor as the second reader sees it.
struct SecondTensor {
  std::string name;
  std::uint32_t type = 0;
  std::vector<std::uint64_t> dims;  ///< as in the file, fastest first
  std::uint64_t begin = 0, end = 0;
};
struct SecondKey {
  std::string key;
  std::uint32_t type = 0, element_type = 0;
  std::uint64_t count = 1;
  std::uint64_t begin = 0, end = 0;  ///< of the value, without its length
};
struct SecondGguf {
  std::vector<SecondKey> keys;
  std::vector<SecondTensor> tensors;
};

/// The same rules as formats/gguf, written a second time in 128-bit arithmetic and without looking at the first:
/// nothing when a rule is broken. Slow and plain on purpose.
std::optional<SecondGguf> read_gguf_again(std::span<const std::byte> file);

}  // namespace carat::fuzz
