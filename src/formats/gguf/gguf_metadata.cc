#include "formats/gguf/gguf_metadata.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>

#include "formats/printable.h"

namespace carat::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF values are read and written as they lie in memory");

template <typename T>
T load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

// The integer at p, or nothing when the type is no integer (bools count as 0 and 1 where `bools` says so) or does not
// fit an int64.
std::optional<std::int64_t> load_int(GgufType type, const std::byte* p, bool bools) {
  switch (type) {
    case GgufType::kU8:
      return load<std::uint8_t>(p);
    case GgufType::kI8:
      return load<std::int8_t>(p);
    case GgufType::kU16:
      return load<std::uint16_t>(p);
    case GgufType::kI16:
      return load<std::int16_t>(p);
    case GgufType::kU32:
      return load<std::uint32_t>(p);
    case GgufType::kI32:
      return load<std::int32_t>(p);
    case GgufType::kI64:
      return load<std::int64_t>(p);
    case GgufType::kU64: {
      const auto value = load<std::uint64_t>(p);
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    case GgufType::kBool:
      return bools ? std::optional<std::int64_t>(load<std::uint8_t>(p) != 0) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string type_text(const GgufValue& value) {
  if (value.type != GgufType::kArray) return std::string(gguf_type_name(value.type));
  return fmt::format("an array of {} {}", value.count, gguf_type_name(value.element_type));
}

Error wrong_type(std::string_view source, std::string_view key, const GgufValue& value, std::string_view expected) {
  return corrupt(fmt::format("{}: {} is {}; {} was expected", source, printable(key), type_text(value), expected));
}

Error missing(std::string_view source, std::string_view key) {
  return not_found(fmt::format("{}: metadata key {} is missing; the file needs it to be used", source, printable(key)));
}

Error there_twice(std::string_view source, std::string_view key) {
  return corrupt(fmt::format("{}: metadata key {} is there twice; keys must be unique", source, printable(key)));
}

}  // namespace

std::vector<std::uint32_t>::const_iterator GgufMetadata::place_of(std::string_view key) const {
  return std::lower_bound(by_key_.begin(), by_key_.end(), key,
                          [&](std::uint32_t i, std::string_view wanted) { return entries_[i].key < wanted; });
}

const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto it = place_of(key);
  return it == by_key_.end() || entries_[*it].key != key ? nullptr : &entries_[*it].value;
}

Result<std::string_view> GgufMetadata::get_string(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return missing(source_, key);
  if (value->type != GgufType::kString) return wrong_type(source_, key, *value, "a string");
  const std::string_view text(reinterpret_cast<const char*>(value->bytes.data()), value->bytes.size());
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return corrupt(fmt::format("{}: {} is not valid UTF-8", source_, printable(key)));
  }
  return text;
}

Result<bool> GgufMetadata::get_bool(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return missing(source_, key);
  if (value->type != GgufType::kBool) return wrong_type(source_, key, *value, "a bool");
  return value->bytes[0] != std::byte{0};
}

Result<std::int64_t> GgufMetadata::get_int(std::string_view key, std::int64_t min, std::int64_t max) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return missing(source_, key);
  const auto number = load_int(value->type, value->bytes.data(), false);
  if (!number && value->type == GgufType::kU64) {
    return corrupt(fmt::format("{}: {} is {}; {} to {} was expected", source_, printable(key),
                               load<std::uint64_t>(value->bytes.data()), min, max));
  }
  if (!number) return wrong_type(source_, key, *value, "an integer");
  if (*number < min || *number > max) {
    return corrupt(fmt::format("{}: {} is {}; {} to {} was expected", source_, printable(key), *number, min, max));
  }
  return *number;
}

Result<double> GgufMetadata::get_float(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return missing(source_, key);
  double number = 0;
  if (value->type == GgufType::kF32) {
    number = load<float>(value->bytes.data());
  } else if (value->type == GgufType::kF64) {
    number = load<double>(value->bytes.data());
  } else if (const auto integer = load_int(value->type, value->bytes.data(), false)) {
    number = static_cast<double>(*integer);
  } else {
    return wrong_type(source_, key, *value, "a number");
  }
  if (!std::isfinite(number)) return corrupt(fmt::format("{}: {} is not finite", source_, printable(key)));
  return number;
}

Result<const GgufValue*> GgufMetadata::get_array(std::string_view key, std::uint64_t min_length,
                                                 std::uint64_t max_length) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return missing(source_, key);
  if (value->type != GgufType::kArray) return wrong_type(source_, key, *value, "an array");
  if (value->count < min_length || value->count > max_length) {
    return corrupt(fmt::format(
        "{}: {} has {} elements; {} was expected", source_, printable(key), value->count,
        min_length == max_length ? fmt::format("{}", min_length) : fmt::format("{} to {}", min_length, max_length)));
  }
  return value;
}

Result<std::vector<std::string_view>> GgufMetadata::get_strings(std::string_view key, std::uint64_t min_length,
                                                                std::uint64_t max_length) const {
  ASSIGN_OR_RETURN(const GgufValue* value, get_array(key, min_length, max_length));
  if (value->element_type != GgufType::kString) return wrong_type(source_, key, *value, "an array of strings");
  std::vector<std::string_view> strings;
  strings.reserve(value->count);
  const std::byte* p = value->bytes.data();  // lengths were checked when the value was read
  for (std::uint64_t i = 0; i < value->count; ++i) {
    const auto length = load<std::uint64_t>(p);
    strings.emplace_back(reinterpret_cast<const char*>(p + sizeof(length)), length);
    p += sizeof(length) + length;
  }
  return strings;
}

Result<std::vector<std::int64_t>> GgufMetadata::get_ints(std::string_view key, std::uint64_t min_length,
                                                         std::uint64_t max_length) const {
  ASSIGN_OR_RETURN(const GgufValue* value, get_array(key, min_length, max_length));
  const std::uint64_t step = gguf_scalar_bytes(value->element_type);
  std::vector<std::int64_t> numbers;
  numbers.reserve(value->count);
  for (std::uint64_t i = 0; i < value->count; ++i) {
    const auto number = load_int(value->element_type, value->bytes.data() + i * step, true);
    if (!number) return wrong_type(source_, key, *value, "an array of integers");
    numbers.push_back(*number);
  }
  return numbers;
}

Result<std::vector<float>> GgufMetadata::get_floats(std::string_view key, std::uint64_t min_length,
                                                    std::uint64_t max_length) const {
  ASSIGN_OR_RETURN(const GgufValue* value, get_array(key, min_length, max_length));
  std::vector<float> numbers(value->count);
  if (value->element_type == GgufType::kF32) {
    if (!numbers.empty()) std::memcpy(numbers.data(), value->bytes.data(), value->bytes.size());
  } else if (value->element_type == GgufType::kF64) {
    for (std::uint64_t i = 0; i < value->count; ++i) {
      numbers[i] = static_cast<float>(load<double>(value->bytes.data() + i * sizeof(double)));
    }
  } else {
    return wrong_type(source_, key, *value, "an array of floats");
  }
  return numbers;
}

Result<std::vector<std::int64_t>> GgufMetadata::get_per_layer(std::string_view key, std::int64_t n_layers,
                                                              std::int64_t min, std::int64_t max) const {
  CARAT_CHECK(n_layers >= 0);
  const auto count = static_cast<std::uint64_t>(n_layers);
  const GgufValue* value = find(key);
  if (value == nullptr) return missing(source_, key);
  if (value->type != GgufType::kArray) {
    ASSIGN_OR_RETURN(const std::int64_t number, get_int(key, min, max));
    return std::vector<std::int64_t>(count, number);
  }
  ASSIGN_OR_RETURN(std::vector<std::int64_t> numbers, get_ints(key, count, count));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] < min || numbers[i] > max) {
      return corrupt(fmt::format("{}: {} is {} for layer {}; {} to {} was expected", source_, printable(key),
                                 numbers[i], i, min, max));
    }
  }
  return numbers;
}

Result<void> GgufMetadata::add_view(std::string_view key, const GgufValue& value) {
  const auto it = place_of(key);
  if (it != by_key_.end() && entries_[*it].key == key) return there_twice(source_, key);
  by_key_.insert(it, static_cast<std::uint32_t>(entries_.size()));
  entries_.push_back({key, value});
  return {};
}

Result<void> GgufMetadata::add_views(std::vector<GgufEntry> entries) {
  if (entries_.empty()) {
    entries_ = std::move(entries);
  } else {
    entries_.insert(entries_.end(), entries.begin(), entries.end());
  }
  by_key_.resize(entries_.size());
  std::iota(by_key_.begin(), by_key_.end(), 0u);
  std::sort(by_key_.begin(), by_key_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return entries_[a].key < entries_[b].key; });
  const auto twice = std::adjacent_find(by_key_.begin(), by_key_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return entries_[a].key == entries_[b].key;
  });
  if (twice == by_key_.end()) return {};
  return there_twice(source_, entries_[*twice].key);
}

void GgufMetadata::set_strings(std::string_view key, std::span<const std::string> strings) {
  std::vector<std::byte> bytes;
  for (const std::string& text : strings) {
    const std::uint64_t length = text.size();
    const auto head = std::as_bytes(std::span(&length, 1));
    const auto body = std::as_bytes(std::span(text.data(), text.size()));
    bytes.insert(bytes.end(), head.begin(), head.end());
    bytes.insert(bytes.end(), body.begin(), body.end());
  }
  set_owned(key, {GgufType::kArray, GgufType::kString, strings.size()}, bytes);
}

void GgufMetadata::erase(std::string_view key) {
  const auto it = place_of(key);
  if (it == by_key_.end() || entries_[*it].key != key) return;
  const std::uint32_t at = *it;
  by_key_.erase(it);
  entries_.erase(entries_.begin() + at);
  for (std::uint32_t& i : by_key_) i -= i > at ? 1 : 0;
}

std::string_view GgufMetadata::own(std::span<const std::byte> bytes) {
  owned_.emplace_back(bytes.begin(), bytes.end());
  return {reinterpret_cast<const char*>(owned_.back().data()), owned_.back().size()};
}

void GgufMetadata::set_owned(std::string_view key, GgufValue value, std::span<const std::byte> bytes) {
  const std::string_view kept = own(bytes);
  value.bytes = std::as_bytes(std::span(kept.data(), kept.size()));
  const auto it = place_of(key);
  if (it != by_key_.end() && entries_[*it].key == key) {
    entries_[*it].value = value;
    return;
  }
  by_key_.insert(it, static_cast<std::uint32_t>(entries_.size()));
  entries_.push_back({own(std::as_bytes(std::span(key.data(), key.size()))), value});
}

}  // namespace carat::formats
