#include "formats/tensor_values.h"

#include <fmt/core.h>

#include <cstring>
#include <limits>

#include "base/check.h"
#include "formats/printable.h"
#include "tensor/half.h"

namespace carat::formats {
namespace {

template <typename T>
std::vector<std::byte> bytes_of(std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

// Calls f with each value; the bytes of a file need not be aligned.
template <typename T, typename F>
void for_each_value(const Tensor& tensor, F f) {
  for (std::size_t i = 0; i + sizeof(T) <= tensor.data.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, tensor.data.data() + i, sizeof(T));
    f(value);
  }
}

Error wrong_type(const Tensor& tensor, std::string_view expected) {
  return unsupported(
      fmt::format("tensor {} is {}; {} was expected", printable(tensor.name), dtype_name(tensor.dtype), expected));
}

}  // namespace

OwnedTensor::OwnedTensor(std::string name, DType dtype, std::vector<std::int64_t> shape, std::vector<std::byte> bytes)
    : bytes_(std::move(bytes)), tensor_{std::move(name), dtype, std::move(shape), bytes_} {
  const DTypeInfo& type = dtype_info(dtype);
  CARAT_CHECK(tensor_.n_elements() % type.block_elements == 0);
  CARAT_CHECK(static_cast<std::size_t>(tensor_.n_elements() / type.block_elements) * type.block_bytes == bytes_.size());
}

OwnedTensor::OwnedTensor(std::string name, std::vector<std::int64_t> shape, std::span<const float> values)
    : OwnedTensor(std::move(name), DType::kF32, std::move(shape), bytes_of(values)) {}

OwnedTensor::OwnedTensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int32_t> values)
    : OwnedTensor(std::move(name), DType::kI32, std::move(shape), bytes_of(values)) {}

OwnedTensor::OwnedTensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int64_t> values)
    : OwnedTensor(std::move(name), DType::kI64, std::move(shape), bytes_of(values)) {}

std::vector<Tensor> views_of(std::span<const OwnedTensor> tensors) {
  std::vector<Tensor> views;
  for (const OwnedTensor& tensor : tensors) views.push_back(tensor.tensor());
  return views;
}

Result<std::vector<float>> to_floats(const Tensor& tensor) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(tensor.n_elements()));
  switch (tensor.dtype) {
    case DType::kF32:
      for_each_value<float>(tensor, [&](float x) { values.push_back(x); });
      break;
    case DType::kF16:
      for_each_value<std::uint16_t>(tensor, [&](auto h) { values.push_back(f16_to_f32(h)); });
      break;
    case DType::kBF16:
      for_each_value<std::uint16_t>(tensor, [&](auto b) { values.push_back(bf16_to_f32(b)); });
      break;
    default:
      return wrong_type(tensor, "F32, F16 or BF16");
  }
  return values;
}

Result<std::vector<std::int64_t>> to_ints(const Tensor& tensor) {
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(tensor.n_elements()));
  const auto push = [&](auto x) { values.push_back(static_cast<std::int64_t>(x)); };
  switch (tensor.dtype) {
    case DType::kI64:
      for_each_value<std::int64_t>(tensor, push);
      break;
    case DType::kI32:
      for_each_value<std::int32_t>(tensor, push);
      break;
    case DType::kI16:
      for_each_value<std::int16_t>(tensor, push);
      break;
    case DType::kI8:
      for_each_value<std::int8_t>(tensor, push);
      break;
    case DType::kU32:
      for_each_value<std::uint32_t>(tensor, push);
      break;
    case DType::kU16:
      for_each_value<std::uint16_t>(tensor, push);
      break;
    case DType::kU8:
    case DType::kBool:
      for_each_value<std::uint8_t>(tensor, push);
      break;
    case DType::kU64: {
      bool fits = true;
      for_each_value<std::uint64_t>(tensor, [&](std::uint64_t x) {
        fits = fits && x <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        push(x);
      });
      if (!fits) return wrong_type(tensor, "integers that fit 64 bits with a sign");
      break;
    }
    default:
      return wrong_type(tensor, "an integer type");
  }
  return values;
}

}  // namespace carat::formats
