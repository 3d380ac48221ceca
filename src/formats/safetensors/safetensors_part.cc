#include "formats/safetensors/safetensors_part.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "formats/limits.h"
#include "formats/printable.h"
#include "formats/tensor_index.h"

namespace carat::formats {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::uint64_t kLengthBytes = 8;

std::uint64_t header_length(std::span<const std::byte> bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  return length;
}

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  Result<SafetensorsContents> parse() {
    ASSIGN_OR_RETURN(const std::string_view header, find_header());
    simdjson::dom::parser parser(kMaxHeaderBytes);
    element root;
    if (const auto error = parser.parse(header.data(), header.size()).get(root)) {
      return corrupt(fmt::format("{}: the header is not valid JSON ({}); copy or download the file again", where_,
                                 simdjson::error_message(error)));
    }
    object fields;
    if (root.get(fields) != simdjson::SUCCESS) {
      return corrupt(fmt::format("{}: the header is not a JSON object; it is no safetensors file", where_));
    }
    for (const auto field : fields) {
      if (field.key == "__metadata__") {
        RETURN_IF_ERROR(read_metadata(field.value));
      } else {
        RETURN_IF_ERROR(read_tensor(field.key, field.value));
      }
    }
    RETURN_IF_ERROR(TensorIndex::build(contents_.tensors, where_));
    RETURN_IF_ERROR(check_no_overlap(std::move(ranges_), contents_.tensors, where_));
    return std::move(contents_);
  }

 private:
  Result<std::string_view> find_header() {
    if (bytes_.size() < kLengthBytes) {
      return corrupt(
          fmt::format("{}: has {} bytes; a safetensors file has at least {}", where_, bytes_.size(), kLengthBytes));
    }
    const std::uint64_t length = header_length(bytes_);
    if (length > kMaxHeaderBytes) {
      return limit_exceeded(
          fmt::format("{}: claims a header of {} bytes; at most {} are allowed (or it is no "
                      "safetensors file)",
                      where_, length, kMaxHeaderBytes));
    }
    if (length > bytes_.size() - kLengthBytes) {
      return corrupt(fmt::format("{}: the file ends inside the header ({} bytes of {}); copy or download it again",
                                 where_, bytes_.size() - kLengthBytes, length));
    }
    data_ = bytes_.subspan(kLengthBytes + length);
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + kLengthBytes, length);
  }

  Result<void> read_metadata(const element& value) {
    object fields;
    if (value.get(fields) != simdjson::SUCCESS) {
      return corrupt(fmt::format("{}: __metadata__ is not an object of strings", where_));
    }
    for (const auto field : fields) {
      std::string_view text;
      if (field.value.get(text) != simdjson::SUCCESS) {
        return corrupt(fmt::format("{}: __metadata__.{} is not a string", where_, printable(field.key)));
      }
      contents_.metadata[std::string(field.key)] = text;
    }
    return {};
  }

  Result<void> read_tensor(std::string_view name, const element& value) {
    const std::string shown = printable(name);
    if (name.empty() || name.size() > kMaxNameBytes) {
      return limit_exceeded(
          fmt::format("{}: the tensor name \"{}\" must have 1 to {} bytes", where_, shown, kMaxNameBytes));
    }
    if (contents_.tensors.size() >= kMaxTensors) {
      return limit_exceeded(fmt::format("{}: has more than {} tensors, the most allowed", where_, kMaxTensors));
    }
    Tensor tensor;
    tensor.name = name;
    std::string_view dtype;
    array shape;
    array offsets;
    if (value["dtype"].get(dtype) != simdjson::SUCCESS || value["shape"].get(shape) != simdjson::SUCCESS ||
        value["data_offsets"].get(offsets) != simdjson::SUCCESS) {
      return corrupt(
          fmt::format("{}: tensor {} must have dtype, shape and data_offsets of their types", where_, shown));
    }
    const auto type = dtype_from_name(dtype);
    if (!type || dtype_info(*type).block_elements != 1) {
      return unsupported(fmt::format("{}: tensor {} is {}, an element type carat cannot read from safetensors", where_,
                                     shown, printable(dtype)));
    }
    tensor.dtype = *type;
    if (shape.size() > kMaxSafetensorsDims) {
      return limit_exceeded(fmt::format("{}: tensor {} has {} dimensions; at most {} are allowed", where_, shown,
                                        shape.size(), kMaxSafetensorsDims));
    }
    for (const element extent : shape) {
      std::int64_t number = 0;
      if (extent.get(number) != simdjson::SUCCESS) {
        return corrupt(fmt::format("{}: tensor {} has a shape that is not made of integers", where_, shown));
      }
      tensor.shape.push_back(number);
    }
    return place_tensor(std::move(tensor), offsets);
  }

  Result<void> place_tensor(Tensor tensor, const array& offsets) {
    const std::string shown = printable(tensor.name);
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    if (offsets.size() != 2 || offsets.at(0).get(begin) != simdjson::SUCCESS ||
        offsets.at(1).get(end) != simdjson::SUCCESS || begin > end) {
      return corrupt(
          fmt::format("{}: tensor {} has data_offsets that are not [begin, end] with begin <= end", where_, shown));
    }
    ASSIGN_OR_RETURN(const std::uint64_t size, tensor_bytes(where_, tensor.name, tensor.dtype, tensor.shape));
    if (size != end - begin) {
      return corrupt(fmt::format("{}: tensor {} has {} bytes of data; its dtype {} and shape need {}", where_, shown,
                                 end - begin, dtype_name(tensor.dtype), size));
    }
    if (end > data_.size()) {
      return corrupt(
          fmt::format("{}: tensor {} ends at data offset {}, but the file holds {} bytes of data; copy or "
                      "download it again",
                      where_, shown, end, data_.size()));
    }
    tensor.data = data_.subspan(begin, size);
    ranges_.push_back({begin, end, static_cast<std::uint32_t>(contents_.tensors.size())});
    contents_.tensors.push_back(std::move(tensor));
    return {};
  }

  std::span<const std::byte> bytes_;
  const std::string& where_;
  std::span<const std::byte> data_;
  SafetensorsContents contents_;
  std::vector<TensorRange> ranges_;
};

}  // namespace

bool looks_like_safetensors(std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes + 2) return false;
  const std::uint64_t length = header_length(bytes);
  return length >= 2 && length <= bytes.size() - kLengthBytes && bytes[kLengthBytes] == std::byte{'{'};
}

Result<SafetensorsContents> parse_safetensors(std::span<const std::byte> bytes, const std::string& where) {
  return Parser(bytes, where).parse();
}

Result<SafetensorsPart> SafetensorsPart::open(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  ASSIGN_OR_RETURN(SafetensorsContents contents, parse_safetensors(file.bytes(), path.string()));
  return SafetensorsPart{std::move(file), std::move(contents)};
}

}  // namespace carat::formats
