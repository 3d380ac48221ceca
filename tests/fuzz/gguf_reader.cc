#include "fuzz/gguf_reader.h"

#include <map>
#include <set>
#include <string_view>

#include "base/utf8.h"

namespace carat::fuzz {
namespace {

__extension__ using Wide = unsigned __int128;

struct Block {
  std::uint32_t elements, bytes;
};

// ggml's types by number: elements and bytes of a block (ggml.h of September 2026; 4, 5, 31 to 33, 36 to 38 are gone).
const std::map<std::uint32_t, Block> kBlocks = {
    {0, {1, 4}},      {1, {1, 2}},      {2, {32, 18}},   {3, {32, 20}},    {6, {32, 22}},    {7, {32, 24}},
    {8, {32, 34}},    {9, {32, 36}},    {10, {256, 84}}, {11, {256, 110}}, {12, {256, 144}}, {13, {256, 176}},
    {14, {256, 210}}, {15, {256, 292}}, {16, {256, 66}}, {17, {256, 74}},  {18, {256, 98}},  {19, {256, 50}},
    {20, {32, 18}},   {21, {256, 110}}, {22, {256, 82}}, {23, {256, 136}}, {24, {1, 1}},     {25, {1, 2}},
    {26, {1, 4}},     {27, {1, 8}},     {28, {1, 8}},    {29, {256, 56}},  {30, {1, 2}},     {34, {256, 54}},
    {35, {256, 66}},  {39, {32, 17}},   {40, {64, 36}},  {41, {128, 18}},  {42, {64, 18}},
};

// Bytes of metadata types 0 ... 12; 0 for strings and arrays.
constexpr std::uint32_t kScalarBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
constexpr std::uint64_t kMiB = 1 << 20;

class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> file) : file_(file) {}

  Wide at = 0;
  bool ok = true;

  std::uint64_t number(unsigned width) {
    if (!ok || at + width > end()) {
      ok = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) value |= std::to_integer<std::uint64_t>(file_[position() + i]) << (8 * i);
    at += width;
    return value;
  }
  std::string_view text(std::uint64_t max) {
    const std::uint64_t size = number(8);
    if (!ok || size > max || at + size > end()) {
      ok = false;
      return {};
    }
    const std::string_view value(reinterpret_cast<const char*>(file_.data()) + position(), size);
    at += size;
    return value;
  }
  std::uint64_t position() const { return static_cast<std::uint64_t>(at); }

 private:
  Wide end() const { return std::min<std::uint64_t>(file_.size(), 256 * kMiB); }
  std::span<const std::byte> file_;
};

bool good_bools(std::span<const std::byte> file, const SecondKey& key) {
  const std::uint32_t type = key.type == 9 ? key.element_type : key.type;
  if (type != 7) return true;
  for (std::uint64_t i = key.begin; i < key.end; ++i) {
    if (file[i] > std::byte{1}) return false;
  }
  return true;
}

bool read_key(std::span<const std::byte> file, Cursor& in, SecondKey& out) {
  const std::string_view key = in.text(65535);
  if (!in.ok || key.empty() || !is_valid_utf8(key)) return false;
  out.key = key;
  out.type = static_cast<std::uint32_t>(in.number(4));
  if (!in.ok || out.type > 12) return false;
  if (out.type == 8) {
    const std::string_view text = in.text(16 * kMiB);
    out.end = in.position();
    out.begin = out.end - text.size();
    return in.ok;
  }
  if (out.type != 9) {
    out.begin = in.position();
    in.number(kScalarBytes[out.type]);
    out.end = in.position();
    return in.ok && good_bools(file, out);
  }
  out.element_type = static_cast<std::uint32_t>(in.number(4));
  out.count = in.number(8);
  if (!in.ok || out.element_type > 12 || out.element_type == 9) return false;
  out.begin = in.position();
  if (out.element_type == 8) {
    for (std::uint64_t i = 0; i < out.count; ++i) {
      in.text(16 * kMiB);
      if (!in.ok || in.position() - out.begin > 128 * kMiB) return false;
    }
  } else {
    const Wide bytes = Wide{out.count} * kScalarBytes[out.element_type];
    if (bytes > 128 * kMiB || in.at + bytes > std::min<std::uint64_t>(file.size(), 256 * kMiB)) return false;
    in.at += bytes;
  }
  out.end = in.position();
  return good_bools(file, out);
}

// general.alignment, 32 without; 0 when it is not one that may be.
std::uint64_t alignment_of(std::span<const std::byte> file, const std::vector<SecondKey>& keys) {
  for (const SecondKey& key : keys) {
    if (key.key != "general.alignment") continue;
    if (key.type > 5 && key.type < 10) return 0;
    if (key.type == 12) return 0;
    std::uint64_t value = 0;
    for (std::uint64_t i = key.begin; i < key.end; ++i) {
      value |= std::to_integer<std::uint64_t>(file[i]) << (8 * (i - key.begin));
    }
    if (key.type == 1 && value >= 0x80) return 0;  // negative
    for (std::uint64_t power = 8; power <= 65536; power *= 2) {
      if (value == power) return power;
    }
    return 0;
  }
  return 32;
}

bool read_tensor(Cursor& in, std::uint64_t alignment, SecondTensor& out, Wide& bytes) {
  const std::string_view name = in.text(256);
  if (!in.ok || name.empty() || !is_valid_utf8(name)) return false;
  out.name = name;
  const std::uint64_t n_dims = in.number(4);
  if (n_dims < 1 || n_dims > 4) return false;
  constexpr Wide kMax = (Wide{1} << 63) - 1;
  Wide elements = 1;
  for (std::uint64_t i = 0; i < n_dims; ++i) {
    const std::uint64_t extent = in.number(8);
    if (extent == 0 || extent > kMax) return false;
    elements *= extent;  // both below 2^63: fits
    if (elements > kMax) return false;
    out.dims.push_back(extent);
  }
  out.type = static_cast<std::uint32_t>(in.number(4));
  out.begin = in.number(8);  // from where the data begins
  const auto block = kBlocks.find(out.type);
  if (!in.ok || block == kBlocks.end() || out.begin % alignment != 0) return false;
  if (out.dims[0] % block->second.elements != 0) return false;
  bytes = elements / block->second.elements * block->second.bytes;
  return bytes <= ~std::uint64_t{0};
}

}  // namespace

std::optional<SecondGguf> read_gguf_again(std::span<const std::byte> file) {
  SecondGguf out;
  Cursor in(file);
  if (in.number(4) != 0x46554747 || in.number(4) != 3) return std::nullopt;
  const std::uint64_t n_tensors = in.number(8), n_keys = in.number(8);
  if (!in.ok || n_tensors > 100'000 || n_keys > 1'000'000) return std::nullopt;
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < n_keys; ++i) {
    if (!read_key(file, in, out.keys.emplace_back())) return std::nullopt;
    if (!names.insert(out.keys.back().key).second) return std::nullopt;
  }
  const std::uint64_t alignment = alignment_of(file, out.keys);
  if (alignment == 0) return std::nullopt;
  names.clear();
  std::vector<Wide> sizes;
  for (std::uint64_t i = 0; i < n_tensors; ++i) {
    if (!read_tensor(in, alignment, out.tensors.emplace_back(), sizes.emplace_back())) return std::nullopt;
    if (!names.insert(out.tensors.back().name).second) return std::nullopt;
  }
  const Wide data = (in.at + alignment - 1) / alignment * alignment;
  std::map<Wide, Wide> taken;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Wide begin = data + out.tensors[i].begin, end = begin + sizes[i];
    if (end > file.size()) return std::nullopt;
    const auto next = taken.lower_bound(begin);
    if (next != taken.end() && next->first < end) return std::nullopt;
    if (next != taken.begin() && std::prev(next)->second > begin) return std::nullopt;
    taken.emplace(begin, end);
    out.tensors[i].begin = static_cast<std::uint64_t>(begin);
    out.tensors[i].end = static_cast<std::uint64_t>(end);
  }
  return out;
}

}  // namespace carat::fuzz
