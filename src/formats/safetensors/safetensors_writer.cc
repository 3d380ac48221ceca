#include "formats/safetensors/safetensors_writer.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <nlohmann/json.hpp>

#include "base/checked.h"
#include "base/file_writer.h"
#include "base/json.h"
#include "formats/limits.h"
#include "formats/printable.h"
#include "formats/tensor_index.h"

namespace carat::formats {
namespace {

bool valid_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

Result<void> check_tensor(std::string_view where, const Tensor& tensor) {
  const DTypeInfo& type = dtype_info(tensor.dtype);
  const std::string name = printable(tensor.name);
  if (tensor.name.empty() || tensor.name.size() > kMaxNameBytes || !valid_utf8(tensor.name) ||
      tensor.name == "__metadata__") {
    return invalid_argument(
        fmt::format("{}: the tensor name \"{}\" must be 1 to {} bytes of UTF-8", where, name, kMaxNameBytes));
  }
  if (type.block_elements != 1) {
    return invalid_argument(
        fmt::format("{}: tensor {} is {}, a type safetensors does not have", where, name, type.name));
  }
  if (tensor.shape.size() > kMaxSafetensorsDims) {
    return invalid_argument(fmt::format("{}: tensor {} has {} dimensions; at most {} are allowed", where, name,
                                        tensor.shape.size(), kMaxSafetensorsDims));
  }
  ASSIGN_OR_RETURN(const std::uint64_t size, tensor_bytes(where, tensor.name, tensor.dtype, tensor.shape));
  if (size != tensor.data.size()) {
    return invalid_argument(fmt::format("{}: tensor {} has {} bytes of data; its type and shape need {}", where, name,
                                        tensor.data.size(), size));
  }
  return {};
}

}  // namespace

Result<void> write_safetensors(const std::filesystem::path& path, std::span<const Tensor> tensors,
                               const std::map<std::string, std::string>& metadata) {
  const std::string where = path.string();
  RETURN_IF_ERROR(TensorIndex::build(tensors, where));
  Json header = Json::object();
  if (!metadata.empty()) {
    Json& fields = header["__metadata__"] = Json::object();
    for (const auto& [key, text] : metadata) {
      if (!valid_utf8(key) || !valid_utf8(text)) {
        return invalid_argument(fmt::format("{}: the metadata {} is not valid UTF-8", where, printable(key)));
      }
      fields[key] = text;
    }
  }
  Checked<std::uint64_t> offset(0);
  for (const Tensor& tensor : tensors) {
    RETURN_IF_ERROR(check_tensor(where, tensor));
    const auto end = offset + tensor.data.size();
    if (!end.ok()) return invalid_argument(fmt::format("{}: the tensors are larger than 64 bits can count", where));
    header[tensor.name] = {{"dtype", dtype_name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {*offset.value(), *end.value()}}};
    offset = end;
  }
  std::string text = dump_json(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();

  ASSIGN_OR_RETURN(FileWriter out, FileWriter::create(path));
  RETURN_IF_ERROR(out.write(std::as_bytes(std::span(&length, 1))));
  RETURN_IF_ERROR(out.write(text));
  for (const Tensor& tensor : tensors) RETURN_IF_ERROR(out.write(tensor.data));
  return out.commit();
}

}  // namespace carat::formats
