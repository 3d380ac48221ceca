#include "formats/safetensors/safetensors_part.h"

#include <fmt/core.h>

#include <cstring>
#include <string_view>

#include "formats/limits.h"
#include "formats/printable.h"
#include "formats/safetensors/safetensors_header.h"
#include "formats/tensor_index.h"

namespace carat::formats {
namespace {

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
    ASSIGN_OR_RETURN(SafetensorsHeader fields, read_safetensors_header(header, where_));
    contents_.metadata = std::move(fields.metadata);
    contents_.tensors.reserve(fields.entries.size());
    ranges_.reserve(fields.entries.size());
    for (SafetensorsEntry& entry : fields.entries) RETURN_IF_ERROR(read_tensor(std::move(entry)));
    RETURN_IF_ERROR(TensorIndex::build(contents_.tensors, where_));
    RETURN_IF_ERROR(check_places());
    return std::move(contents_);
  }

 private:
  Result<std::string_view> find_header() {
    if (bytes_.size() < kLengthBytes) {
      return corrupt(
          fmt::format("{}: has {} bytes; a safetensors file has at least {}", where_, bytes_.size(), kLengthBytes));
    }
    const std::uint64_t length = header_length(bytes_);
    if (length > kMaxSafetensorsHeaderBytes) {
      return limit_exceeded(
          fmt::format("{}: claims a header of {} bytes; at most {} are allowed (or it is no "
                      "safetensors file)",
                      where_, length, kMaxSafetensorsHeaderBytes));
    }
    if (length > bytes_.size() - kLengthBytes) {
      return corrupt(fmt::format("{}: the file ends inside the header ({} bytes of {}); copy or download it again",
                                 where_, bytes_.size() - kLengthBytes, length));
    }
    data_ = bytes_.subspan(kLengthBytes + length);
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + kLengthBytes, length);
  }

  Result<void> read_tensor(SafetensorsEntry entry) {
    const std::string shown = printable(entry.name);
    const auto type = dtype_from_name(entry.dtype);
    if (!type || dtype_info(*type).block_elements != 1) {
      return unsupported(fmt::format("{}: tensor {} is {}, an element type carat cannot read from safetensors", where_,
                                     shown, printable(entry.dtype)));
    }
    ASSIGN_OR_RETURN(const std::uint64_t size, tensor_bytes(where_, entry.name, *type, entry.shape));
    if (size != entry.end - entry.begin) {
      return corrupt(fmt::format("{}: tensor {} has {} bytes of data; its dtype {} and shape need {}", where_, shown,
                                 entry.end - entry.begin, dtype_name(*type), size));
    }
    if (entry.end > data_.size()) {
      return corrupt(
          fmt::format("{}: tensor {} ends at data offset {}, but the file holds {} bytes of data; copy or "
                      "download it again",
                      where_, shown, entry.end, data_.size()));
    }
    ranges_.push_back({entry.begin, entry.end, static_cast<std::uint32_t>(contents_.tensors.size())});
    contents_.tensors.push_back(
        {std::move(entry.name), *type, std::move(entry.shape), data_.subspan(entry.begin, size)});
    return {};
  }

  /// The format allows no byte that is no tensor's: such a file was cut and patched, or carries something along.
  Result<void> check_places() {
    RETURN_IF_ERROR(check_no_overlap(std::move(ranges_), contents_.tensors, where_));
    std::uint64_t n_bytes = 0;
    for (const Tensor& tensor : contents_.tensors) n_bytes += tensor.data.size();  // apart from each other in one file
    if (n_bytes == data_.size()) return {};
    return corrupt(
        fmt::format("{}: its {} tensors hold {} bytes, the file {} bytes of data; there must be none besides, "
                    "copy or download it again",
                    where_, contents_.tensors.size(), n_bytes, data_.size()));
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
