#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/gguf/gguf_value.h"

namespace carat::formats {

struct GgufEntry {
  std::string_view key;
  GgufValue value;
};

/// The key/value part of a GGUF file, in file order. Values that were read are views into the mapped file; values that
/// were set belong to the object. Every get_ checks type, range and length, and its error names file and key:
/// kNotFound when the key is missing, kCorrupt when it is something else than asked for.
///
///     ASSIGN_OR_RETURN(const std::int64_t n_layers, meta.get_int("gemma4.block_count", 1, 1024));
///     ASSIGN_OR_RETURN(const auto pieces, meta.get_strings("tokenizer.ggml.tokens", 1, 1 << 20));
///
/// Const after construction, so any thread may read it.
class GgufMetadata {
 public:
  /// `source` stands at the head of every message: the file's path.
  explicit GgufMetadata(std::string source = "GGUF metadata") : source_(std::move(source)) {}
  GgufMetadata(GgufMetadata&&) = default;
  GgufMetadata& operator=(GgufMetadata&&) = default;

  const std::string& source() const { return source_; }
  std::span<const GgufEntry> entries() const { return entries_; }
  const GgufValue* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  /// Valid UTF-8.
  Result<std::string_view> get_string(std::string_view key) const;
  Result<bool> get_bool(std::string_view key) const;
  /// Any integer type, by value.
  Result<std::int64_t> get_int(std::string_view key, std::int64_t min, std::int64_t max) const;
  /// Any number, by value; refuses NaN and infinities.
  Result<double> get_float(std::string_view key) const;

  /// Arrays of min_length ... max_length elements. Strings may hold any bytes.
  Result<std::vector<std::string_view>> get_strings(std::string_view key, std::uint64_t min_length,
                                                    std::uint64_t max_length) const;
  /// Any integer or bool element type.
  Result<std::vector<std::int64_t>> get_ints(std::string_view key, std::uint64_t min_length,
                                             std::uint64_t max_length) const;
  /// f32 or f64 elements, as they are (NaN too).
  Result<std::vector<float>> get_floats(std::string_view key, std::uint64_t min_length, std::uint64_t max_length) const;
  /// One integer for all layers, or an array with one for each; always n_layers values in min ... max.
  Result<std::vector<std::int64_t>> get_per_layer(std::string_view key, std::int64_t n_layers, std::int64_t min,
                                                  std::int64_t max) const;

  /// Appends a value that outlives the object. Errors: kCorrupt when the key is there already.
  Result<void> add_view(std::string_view key, const GgufValue& value);
  /// The same with many. Errors: kCorrupt naming a key that is there twice.
  Result<void> add_views(std::vector<GgufEntry> entries);

  /// Sets a value, replacing one of the same key in its place, else at the end.
  template <typename T>
  void set(std::string_view key, T number) {
    set_owned(key, {GgufTypeOf<T>::value}, std::as_bytes(std::span(&number, 1)));
  }
  void set_string(std::string_view key, std::string_view text) {
    set_owned(key, {GgufType::kString}, std::as_bytes(std::span(text.data(), text.size())));
  }
  template <typename T>
  void set_array(std::string_view key, std::span<const T> numbers) {
    set_owned(key, {GgufType::kArray, GgufTypeOf<T>::value, numbers.size()}, std::as_bytes(numbers));
  }
  void set_strings(std::string_view key, std::span<const std::string> strings);
  void erase(std::string_view key);

 private:
  void set_owned(std::string_view key, GgufValue value, std::span<const std::byte> bytes);
  Result<const GgufValue*> get_array(std::string_view key, std::uint64_t min_length, std::uint64_t max_length) const;
  std::string_view own(std::span<const std::byte> bytes);
  std::vector<std::uint32_t>::const_iterator place_of(std::string_view key) const;

  std::string source_;
  std::vector<GgufEntry> entries_;
  std::vector<std::uint32_t> by_key_;          // positions, sorted by key: no hash that a file could be made against
  std::vector<std::vector<std::byte>> owned_;  // heap blocks stay where they are when the object moves
};

}  // namespace carat::formats
