#include "fuzz/safetensors_checks.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/safetensors/safetensors_part.h"
#include "fuzz/json_reader.h"
#include "fuzz/target.h"

namespace carat::fuzz {
namespace {

__extension__ using Wide = unsigned __int128;
using Kind = SecondJson::Kind;

const std::map<std::string_view, std::uint32_t> kElementBytes = {
    {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2},
    {"I8", 1},  {"U64", 8}, {"U32", 4}, {"U16", 2},  {"U8", 1},  {"BOOL", 1}};

struct SecondTensor {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  // in the file
};

// A whole number of 63 bits.
std::optional<std::uint64_t> whole(const SecondJson& value) {
  std::int64_t number = 0;
  const char* end = value.text.data() + value.text.size();
  if (value.kind != Kind::kNumber) return std::nullopt;
  const auto read = std::from_chars(value.text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

std::size_t depth_of(const SecondJson& value) {
  if (value.kind != Kind::kObject && value.kind != Kind::kArray) return 0;
  std::size_t depth = 0;
  for (const SecondJson& item : value.items) depth = std::max(depth, depth_of(item));
  for (const auto& [key, member] : value.members) depth = std::max(depth, depth_of(member));
  return depth + 1;
}

// Fields that are known stand there once; others are skipped when they are not too deep.
bool good_fields(const SecondJson& tensor) {
  std::map<std::string_view, int> n;
  for (const auto& [key, value] : tensor.members) {
    const bool known = key == "dtype" || key == "shape" || key == "data_offsets";
    if (known ? ++n[key] > 1 : depth_of(value) > 64) return false;
  }
  return true;
}

bool read_tensor(const std::string& name, const SecondJson& value, Wide data_bytes, SecondTensor& out) {
  const SecondJson* dtype = value.find("dtype");
  const SecondJson* shape = value.find("shape");
  const SecondJson* offsets = value.find("data_offsets");
  if (name.empty() || name.size() > 256 || value.kind != Kind::kObject || !good_fields(value)) return false;
  if (dtype == nullptr || dtype->kind != Kind::kString || !kElementBytes.contains(dtype->text)) return false;
  if (shape == nullptr || shape->kind != Kind::kArray || shape->items.size() > 8) return false;
  if (offsets == nullptr || offsets->kind != Kind::kArray || offsets->items.size() != 2) return false;
  Wide elements = 1;
  for (const SecondJson& item : shape->items) {
    const auto extent = whole(item);
    if (!extent || *extent == 0) return false;
    elements *= *extent;
    if (elements >> 63 != 0) return false;
    out.shape.push_back(*extent);
  }
  const auto begin = whole(offsets->items[0]), end = whole(offsets->items[1]);
  if (!begin || !end || *begin > *end || *end > data_bytes) return false;
  if (elements * kElementBytes.at(dtype->text) != *end - *begin) return false;
  out.name = name;
  out.dtype = dtype->text;
  out.begin = *begin;
  out.end = *end;
  return true;
}

std::optional<std::vector<SecondTensor>> read_again(std::span<const std::byte> file) {
  std::uint64_t length = 0;
  if (file.size() < 8) return std::nullopt;
  std::memcpy(&length, file.data(), 8);
  if (length > 100'000'000 || Wide{length} + 8 > file.size()) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, length);
  if (!text.starts_with('{')) return std::nullopt;
  const auto header = read_json_again(text, 1023);
  if (!header || header->has_infinite_number) return std::nullopt;
  bool has_metadata = false;
  std::uint64_t n_bytes = 0;
  std::vector<SecondTensor> tensors;
  std::map<std::string, std::uint32_t> names;
  std::map<std::uint64_t, std::uint64_t> taken;
  for (const auto& [name, value] : header->value.members) {
    if (name == "__metadata__") {
      if (value.kind != Kind::kObject || std::exchange(has_metadata, true)) return std::nullopt;
      for (const auto& [key, entry] : value.members) {
        if (entry.kind != Kind::kString) return std::nullopt;
      }
      continue;
    }
    SecondTensor tensor;
    if (!read_tensor(name, value, file.size() - 8 - length, tensor) || ++names[name] > 1) return std::nullopt;
    for (const auto& [begin, end] : taken) {
      if (tensor.begin < end && begin < tensor.end) return std::nullopt;
    }
    taken[tensor.begin] = tensor.end;
    n_bytes += tensor.end - tensor.begin;
    tensor.begin += 8 + length;
    tensor.end += 8 + length;
    tensors.push_back(tensor);
  }
  if (n_bytes != file.size() - 8 - length) return std::nullopt;  // no byte that is no tensor's
  return tensors;
}

}  // namespace

void check_safetensors(std::span<const std::byte> file) {
  (void)formats::looks_like_safetensors(file);
  const auto contents = formats::parse_safetensors(file, "fuzz.safetensors");
  const auto again = read_again(file);
  CARAT_CHECK(contents.has_value() == again.has_value());
  if (!contents) return check_refusal(contents.error());
  CARAT_CHECK(contents->tensors.size() == again->size());
  for (std::size_t i = 0; i < again->size(); ++i) {
    const formats::Tensor& tensor = contents->tensors[i];
    const SecondTensor& second = (*again)[i];
    CARAT_CHECK(tensor.name == second.name && dtype_name(tensor.dtype) == second.dtype);
    CARAT_CHECK(std::equal(tensor.shape.begin(), tensor.shape.end(), second.shape.begin(), second.shape.end(),
                           [](std::int64_t a, std::uint64_t b) { return static_cast<std::uint64_t>(a) == b; }));
    CARAT_CHECK(static_cast<std::uint64_t>(tensor.data.data() - file.data()) == second.begin);
    CARAT_CHECK(tensor.data.size() == second.end - second.begin && second.end <= file.size());
  }
}

}  // namespace carat::fuzz
