#include "formats/gguf/gguf_writer.h"

#include <fmt/core.h>

#include <string>
#include <vector>

#include "base/checked.h"
#include "base/file_writer.h"
#include "formats/gguf/gguf_part.h"
#include "formats/limits.h"
#include "formats/printable.h"
#include "formats/tensor_index.h"

namespace carat::formats {
namespace {

// The header, made in memory (some 16 MB for a real vocabulary) and written at once.
class HeaderBytes {
 public:
  template <typename T>
  void number(T value) {
    bytes({reinterpret_cast<const char*>(&value), sizeof(value)});
  }
  void bytes(std::string_view part) { text_ += part; }
  void bytes(std::span<const std::byte> part) { bytes({reinterpret_cast<const char*>(part.data()), part.size()}); }
  void string(std::string_view text) {
    number<std::uint64_t>(text.size());
    bytes(text);
  }
  void value(const GgufValue& value) {
    number(static_cast<std::uint32_t>(value.type));
    if (value.type == GgufType::kArray) {
      number(static_cast<std::uint32_t>(value.element_type));
      number(value.count);
    } else if (value.type == GgufType::kString) {
      number<std::uint64_t>(value.bytes.size());
    }
    bytes(value.bytes);
  }
  std::string_view text() const { return text_; }

 private:
  std::string text_;
};

Result<void> check_tensor(std::string_view where, const Tensor& tensor) {
  const DTypeInfo& type = dtype_info(tensor.dtype);
  const std::string name = printable(tensor.name);
  if (tensor.name.empty() || tensor.name.size() > kMaxNameBytes) {
    return invalid_argument(
        fmt::format("{}: the tensor name \"{}\" must have 1 to {} bytes", where, name, kMaxNameBytes));
  }
  if (type.ggml_id < 0) {
    return invalid_argument(fmt::format("{}: tensor {} is {}, a type GGUF does not have", where, name, type.name));
  }
  if (tensor.shape.empty() || tensor.shape.size() > kMaxGgufDims) {
    return invalid_argument(fmt::format("{}: tensor {} has {} dimensions; GGUF holds 1 to {}", where, name,
                                        tensor.shape.size(), kMaxGgufDims));
  }
  ASSIGN_OR_RETURN(const std::uint64_t size, tensor_bytes(where, tensor.name, tensor.dtype, tensor.shape));
  if (size != tensor.data.size()) {
    return invalid_argument(fmt::format("{}: tensor {} has {} bytes of data; its type and shape need {}", where, name,
                                        tensor.data.size(), size));
  }
  return {};
}

}  // namespace

Result<void> write_gguf(const std::filesystem::path& path, const GgufMetadata& metadata,
                        std::span<const Tensor> tensors) {
  const std::string where = path.string();
  ASSIGN_OR_RETURN(const std::uint64_t alignment, gguf_alignment(metadata));
  RETURN_IF_ERROR(TensorIndex::build(tensors, where));

  HeaderBytes header;
  header.number(kGgufMagic);
  header.number(kGgufVersion);
  header.number<std::uint64_t>(tensors.size());
  header.number<std::uint64_t>(metadata.entries().size());
  for (const GgufEntry& entry : metadata.entries()) {
    header.string(entry.key);
    header.value(entry.value);
  }
  Checked<std::uint64_t> offset(0);
  for (const Tensor& tensor : tensors) {
    RETURN_IF_ERROR(check_tensor(where, tensor));
    header.string(tensor.name);
    header.number(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend(); ++extent) {
      header.number(static_cast<std::uint64_t>(*extent));
    }
    header.number(static_cast<std::uint32_t>(dtype_info(tensor.dtype).ggml_id));
    if (!offset.ok()) return invalid_argument(fmt::format("{}: the tensors are larger than 64 bits can count", where));
    header.number(*offset.value());
    offset = (offset + tensor.data.size()).align_up(alignment);
  }

  ASSIGN_OR_RETURN(FileWriter out, FileWriter::create(path));
  RETURN_IF_ERROR(out.write(header.text()));
  RETURN_IF_ERROR(out.pad_to(alignment));
  for (const Tensor& tensor : tensors) {
    RETURN_IF_ERROR(out.write(tensor.data));
    RETURN_IF_ERROR(out.pad_to(alignment));
  }
  return out.commit();
}

}  // namespace carat::formats
