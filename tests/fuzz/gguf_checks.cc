#include "fuzz/gguf_checks.h"

#include <limits>

#include "formats/gguf/gguf_part.h"
#include "formats/gguf_vocabulary.h"
#include "fuzz/gguf_reader.h"
#include "fuzz/target.h"
#include "tokenizer/tokenizer.h"

namespace carat::fuzz {
namespace {

using formats::GgufContents;
using formats::GgufEntry;
using formats::GgufMetadata;
using formats::Tensor;

std::uint64_t offset_in(std::span<const std::byte> file, std::span<const std::byte> part) {
  return static_cast<std::uint64_t>(part.data() - file.data());
}

void check_same(std::span<const std::byte> file, const GgufContents& contents, const SecondGguf& again) {
  const auto entries = contents.metadata.entries();
  CARAT_CHECK(entries.size() == again.keys.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& value = entries[i].value;
    const SecondKey& key = again.keys[i];
    CARAT_CHECK(entries[i].key == key.key && static_cast<std::uint32_t>(value.type) == key.type);
    CARAT_CHECK(value.count == key.count && value.bytes.size() == key.end - key.begin);
    CARAT_CHECK(value.bytes.empty() || offset_in(file, value.bytes) == key.begin);
    if (value.type == formats::GgufType::kArray) {
      CARAT_CHECK(static_cast<std::uint32_t>(value.element_type) == key.element_type);
    }
  }
  CARAT_CHECK(contents.tensors.size() == again.tensors.size());
  for (std::size_t i = 0; i < contents.tensors.size(); ++i) {
    const Tensor& tensor = contents.tensors[i];
    const SecondTensor& second = again.tensors[i];
    CARAT_CHECK(tensor.name == second.name && tensor.shape.size() == second.dims.size());
    CARAT_CHECK(static_cast<std::uint32_t>(dtype_info(tensor.dtype).ggml_id) == second.type);
    for (std::size_t d = 0; d < second.dims.size(); ++d) {
      CARAT_CHECK(static_cast<std::uint64_t>(tensor.shape[second.dims.size() - 1 - d]) == second.dims[d]);
    }
    CARAT_CHECK(offset_in(file, tensor.data) == second.begin && tensor.data.size() == second.end - second.begin);
    CARAT_CHECK(second.end <= file.size());
    CARAT_CHECK(tensor.rows() * tensor.cols() == tensor.n_elements());
  }
}

template <typename T>
void check_read(const Result<T>& result) {
  if (!result) check_refusal(result.error());
}

// Reads one key as everything it is not; what comes back must have been allowed.
void read_as_every_type(const GgufMetadata& metadata, const GgufEntry& entry) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min(),
                         kMax = std::numeric_limits<std::int64_t>::max();
  const std::string_view key = entry.key;
  const auto text = metadata.get_string(key);
  check_read(text);
  CARAT_CHECK(!text || is_valid_utf8(*text));
  check_read(metadata.get_bool(key));
  check_read(metadata.get_int(key, kMin, kMax));
  const auto small = metadata.get_int(key, -3, 1024);
  check_read(small);
  CARAT_CHECK(!small || (*small >= -3 && *small <= 1024));
  const auto number = metadata.get_float(key);
  check_read(number);
  CARAT_CHECK(!number || *number - *number == 0);  // finite
  const auto strings = metadata.get_strings(key, 0, 4096);
  check_read(strings);
  CARAT_CHECK(!strings || strings->size() == entry.value.count);
  check_read(metadata.get_ints(key, 0, 4096));
  check_read(metadata.get_floats(key, 0, 4096));
  const auto per_layer = metadata.get_per_layer(key, 5, 0, 100);
  check_read(per_layer);
  if (!per_layer) return;
  CARAT_CHECK(per_layer->size() == 5);
  for (const std::int64_t value : *per_layer) CARAT_CHECK(value >= 0 && value <= 100);
}

}  // namespace

void check_gguf(std::span<const std::byte> file) {
  const auto contents = formats::parse_gguf(file, "fuzz.gguf");
  const auto again = read_gguf_again(file);
  CARAT_CHECK(contents.has_value() == again.has_value());
  if (!contents) return check_refusal(contents.error());
  check_same(file, *contents, *again);
  for (const GgufEntry& entry : contents->metadata.entries()) read_as_every_type(contents->metadata, entry);

  auto vocabulary = formats::read_gguf_vocabulary(contents->metadata);
  if (!vocabulary) return check_refusal(vocabulary.error());
  const auto tokenizer = tokenizer::Tokenizer::create(*std::move(vocabulary));
  if (!tokenizer) check_refusal(tokenizer.error());
}

}  // namespace carat::fuzz
