#include "formats/gguf/gguf_part.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/checked.h"
#include "formats/limits.h"
#include "formats/printable.h"
#include "formats/tensor_index.h"

namespace carat::formats {
namespace {

bool valid_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

// Walks through the header; every read names what was being read when the bytes ran out.
class HeaderReader {
 public:
  HeaderReader(std::span<const std::byte> bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return limit() - position_; }

  template <typename T>
  Result<T> number(std::string_view what) {
    ASSIGN_OR_RETURN(const auto part, take(sizeof(T), what));
    T value;
    std::memcpy(&value, part.data(), sizeof(T));
    return value;
  }

  Result<std::span<const std::byte>> take(std::uint64_t count, std::string_view what) {
    if (count > remaining()) return ran_out(what);
    const auto part = bytes_.subspan(position_, count);
    position_ += count;
    return part;
  }

  Result<std::string_view> string(std::uint64_t max_bytes, std::string_view what) {
    ASSIGN_OR_RETURN(const auto length, number<std::uint64_t>(what));
    if (length > max_bytes) {
      return limit_exceeded(
          fmt::format("{}: {} has {} bytes; at most {} are allowed", where_, what, length, max_bytes));
    }
    ASSIGN_OR_RETURN(const auto part, take(length, what));
    return std::string_view(reinterpret_cast<const char*>(part.data()), part.size());
  }

 private:
  std::uint64_t limit() const { return std::min<std::uint64_t>(bytes_.size(), kMaxHeaderBytes); }

  Error ran_out(std::string_view what) const {
    if (bytes_.size() > kMaxHeaderBytes) {
      return limit_exceeded(fmt::format("{}: the header goes on after {} bytes, inside {}; that is the most allowed",
                                        where_, kMaxHeaderBytes, what));
    }
    return corrupt(
        fmt::format("{}: the file ends inside {}, at byte {}; copy or download it again", where_, what, bytes_.size()));
  }

  std::span<const std::byte> bytes_;
  std::string_view where_;
  std::uint64_t position_ = 0;
};

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, std::string where)
      : bytes_(bytes), where_(where), in_(bytes, where_), contents_{GgufMetadata(where), {}} {}

  Result<GgufContents> parse() {
    RETURN_IF_ERROR(read_preamble());
    std::vector<GgufEntry> entries;
    entries.reserve(std::min<std::uint64_t>(n_keys_, in_.remaining() / kMinEntryBytes));
    for (std::uint64_t i = 0; i < n_keys_; ++i) {
      ASSIGN_OR_RETURN(const GgufEntry entry, read_entry(i));
      entries.push_back(entry);
    }
    RETURN_IF_ERROR(contents_.metadata.add_views(std::move(entries)));
    ASSIGN_OR_RETURN(alignment_, gguf_alignment(contents_.metadata));
    contents_.tensors.reserve(std::min<std::uint64_t>(n_tensors_, in_.remaining() / kMinTensorInfoBytes));
    for (std::uint64_t i = 0; i < n_tensors_; ++i) RETURN_IF_ERROR(read_tensor_info(i));
    RETURN_IF_ERROR(place_tensors());
    return std::move(contents_);
  }

 private:
  static constexpr std::uint64_t kMinEntryBytes = 8 + 1 + 4 + 1;
  static constexpr std::uint64_t kMinTensorInfoBytes = 8 + 1 + 4 + 8 + 4 + 8;

  Result<void> read_preamble() {
    ASSIGN_OR_RETURN(const auto magic, in_.number<std::uint32_t>("the magic"));
    if (magic != kGgufMagic) {
      return corrupt(fmt::format("{}: does not start with GGUF; it is no GGUF file", where_));
    }
    ASSIGN_OR_RETURN(const auto version, in_.number<std::uint32_t>("the version"));
    if (version == __builtin_bswap32(kGgufVersion)) {
      return unsupported(fmt::format("{}: is a big-endian GGUF file; convert it to little endian first", where_));
    }
    if (version != kGgufVersion) {
      return unsupported(
          fmt::format("{}: is GGUF version {}; version 3 is needed, convert the model again", where_, version));
    }
    ASSIGN_OR_RETURN(n_tensors_, in_.number<std::uint64_t>("the tensor count"));
    ASSIGN_OR_RETURN(n_keys_, in_.number<std::uint64_t>("the metadata count"));
    if (n_tensors_ > kMaxTensors) {
      return limit_exceeded(
          fmt::format("{}: claims {} tensors; at most {} are allowed", where_, n_tensors_, kMaxTensors));
    }
    if (n_keys_ > kMaxMetadataKeys) {
      return limit_exceeded(
          fmt::format("{}: claims {} metadata keys; at most {} are allowed", where_, n_keys_, kMaxMetadataKeys));
    }
    return {};
  }

  Result<GgufEntry> read_entry(std::uint64_t i) {
    const std::string nth = fmt::format("metadata key {}", i);
    ASSIGN_OR_RETURN(const std::string_view key, in_.string(kMaxKeyBytes, nth));
    if (key.empty() || !valid_utf8(key)) {
      return corrupt(fmt::format("{}: {} \"{}\" is empty or not valid UTF-8", where_, nth, printable(key)));
    }
    const std::string what = fmt::format("the value of {}", printable(key));
    GgufValue value;
    ASSIGN_OR_RETURN(value.type, read_type(what));
    if (value.type == GgufType::kArray) {
      RETURN_IF_ERROR(read_array(what, value));
    } else if (value.type == GgufType::kString) {
      ASSIGN_OR_RETURN(const std::string_view text, in_.string(kMaxStringBytes, what));
      value.bytes = std::as_bytes(std::span(text.data(), text.size()));
    } else {
      ASSIGN_OR_RETURN(value.bytes, in_.take(gguf_scalar_bytes(value.type), what));
      RETURN_IF_ERROR(check_bools(what, value.type, value.bytes));
    }
    return GgufEntry{key, value};
  }

  Result<GgufType> read_type(std::string_view what) {
    ASSIGN_OR_RETURN(const auto type, in_.number<std::uint32_t>(what));
    if (type >= kGgufTypeCount) {
      return corrupt(fmt::format("{}: {} has type {}; 0 to {} was expected", where_, what, type, kGgufTypeCount - 1));
    }
    return static_cast<GgufType>(type);
  }

  Result<void> read_array(std::string_view what, GgufValue& value) {
    ASSIGN_OR_RETURN(value.element_type, read_type(what));
    ASSIGN_OR_RETURN(value.count, in_.number<std::uint64_t>(what));
    if (value.element_type == GgufType::kArray) {
      return unsupported(fmt::format("{}: {} is an array of arrays; no model needs that", where_, what));
    }
    if (value.element_type == GgufType::kString) return read_string_array(what, value);
    const auto size = (Checked<std::uint64_t>(value.count) * gguf_scalar_bytes(value.element_type)).value();
    if (!size || *size > kMaxArrayBytes) return too_long(what, value);
    ASSIGN_OR_RETURN(value.bytes, in_.take(*size, what));
    return check_bools(what, value.element_type, value.bytes);
  }

  // Half a million merges pass here: lengths are checked, nothing is copied.
  Result<void> read_string_array(std::string_view what, GgufValue& value) {
    if (value.count > kMaxArrayBytes / sizeof(std::uint64_t)) return too_long(what, value);
    const std::uint64_t begin = in_.position();
    for (std::uint64_t i = 0; i < value.count; ++i) {
      RETURN_IF_ERROR(in_.string(kMaxStringBytes, what));
      if (in_.position() - begin > kMaxArrayBytes) return too_long(what, value);
    }
    value.bytes = bytes_.subspan(begin, in_.position() - begin);
    return {};
  }

  Error too_long(std::string_view what, const GgufValue& value) const {
    return limit_exceeded(fmt::format("{}: {} is an array of {} {} and longer than {} bytes, the most allowed", where_,
                                      what, value.count, gguf_type_name(value.element_type), kMaxArrayBytes));
  }

  Result<void> check_bools(std::string_view what, GgufType type, std::span<const std::byte> bytes) const {
    if (type != GgufType::kBool) return {};
    const auto bad = std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b > std::byte{1}; });
    if (bad == bytes.end()) return {};
    return corrupt(
        fmt::format("{}: {} is a bool of {}; 0 or 1 was expected", where_, what, std::to_integer<int>(*bad)));
  }

  Result<void> read_tensor_info(std::uint64_t i) {
    std::string what = fmt::format("the name of tensor {}", i);
    Tensor tensor;
    ASSIGN_OR_RETURN(const std::string_view name, in_.string(kMaxNameBytes, what));
    if (name.empty() || !valid_utf8(name)) {
      return corrupt(fmt::format("{}: {} \"{}\" is empty or not valid UTF-8", where_, what, printable(name)));
    }
    tensor.name = name;
    what = fmt::format("the description of tensor {}", printable(name));
    ASSIGN_OR_RETURN(const auto n_dims, in_.number<std::uint32_t>(what));
    if (n_dims < 1 || n_dims > kMaxGgufDims) {
      return corrupt(fmt::format("{}: tensor {} has {} dimensions; 1 to {} was expected", where_, printable(name),
                                 n_dims, kMaxGgufDims));
    }
    tensor.shape.resize(n_dims);
    for (std::uint32_t d = 0; d < n_dims; ++d) {
      ASSIGN_OR_RETURN(const auto extent, in_.number<std::uint64_t>(what));
      if (extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return corrupt(
            fmt::format("{}: tensor {} has an extent of {}; no file is that large", where_, printable(name), extent));
      }
      tensor.shape[n_dims - 1 - d] = static_cast<std::int64_t>(extent);  // dims[0] is the fastest one
    }
    ASSIGN_OR_RETURN(const auto type, in_.number<std::uint32_t>(what));
    const auto dtype = dtype_from_ggml_id(type);
    if (!dtype) {
      return unsupported(fmt::format("{}: tensor {} has element type number {}, which no current GGUF file uses",
                                     where_, printable(name), type));
    }
    tensor.dtype = *dtype;
    ASSIGN_OR_RETURN(const auto offset, in_.number<std::uint64_t>(what));
    if (offset % alignment_ != 0) {
      return corrupt(fmt::format("{}: tensor {} lies at offset {}, which is no multiple of the alignment {}", where_,
                                 printable(name), offset, alignment_));
    }
    offsets_.push_back(offset);
    contents_.tensors.push_back(std::move(tensor));
    return {};
  }

  Result<void> place_tensors() {
    RETURN_IF_ERROR(TensorIndex::build(contents_.tensors, where_));
    const auto data_begin = Checked<std::uint64_t>(in_.position()).align_up(alignment_);
    std::vector<TensorRange> ranges;
    ranges.reserve(contents_.tensors.size());
    for (std::size_t i = 0; i < contents_.tensors.size(); ++i) {
      Tensor& tensor = contents_.tensors[i];
      ASSIGN_OR_RETURN(const std::uint64_t size, tensor_bytes(where_, tensor.name, tensor.dtype, tensor.shape));
      const auto begin = (data_begin + offsets_[i]).value();
      const auto end = (data_begin + offsets_[i] + size).value();
      if (!begin || !end || *end > bytes_.size()) {
        return corrupt(
            fmt::format("{}: tensor {} needs {} bytes at data offset {}, beyond the end of the file "
                        "({} bytes); copy or download it again",
                        where_, printable(tensor.name), size, offsets_[i], bytes_.size()));
      }
      tensor.data = bytes_.subspan(*begin, size);
      ranges.push_back({*begin, *end, static_cast<std::uint32_t>(i)});
    }
    return check_no_overlap(std::move(ranges), contents_.tensors, where_);
  }

  std::span<const std::byte> bytes_;
  std::string where_;
  HeaderReader in_;
  GgufContents contents_;
  std::uint64_t n_tensors_ = 0;
  std::uint64_t n_keys_ = 0;
  std::uint64_t alignment_ = kGgufDefaultAlignment;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

Result<std::uint64_t> gguf_alignment(const GgufMetadata& metadata) {
  if (!metadata.has("general.alignment")) return kGgufDefaultAlignment;
  ASSIGN_OR_RETURN(const std::int64_t alignment,
                   metadata.get_int("general.alignment", static_cast<std::int64_t>(kMinAlignment),
                                    static_cast<std::int64_t>(kMaxAlignment)));
  if (!std::has_single_bit(static_cast<std::uint64_t>(alignment))) {
    return corrupt(
        fmt::format("{}: general.alignment is {}; a power of two was expected", metadata.source(), alignment));
  }
  return static_cast<std::uint64_t>(alignment);
}

Result<GgufContents> parse_gguf(std::span<const std::byte> bytes, std::string where) {
  return Parser(bytes, std::move(where)).parse();
}

Result<GgufPart> GgufPart::open(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  ASSIGN_OR_RETURN(GgufContents contents, parse_gguf(file.bytes(), path.string()));
  return GgufPart{std::move(file), std::move(contents)};
}

}  // namespace carat::formats
