// A small model file (the goldens) with metadata and tensor descriptions changed: refused in a sentence, or it is a
// model: its configuration holds together, it loads, and it answers with logits. Every size that an operation relies on
// comes from such a file.
#include <array>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "formats/gguf/gguf_part.h"
#include "formats/gguf/gguf_writer.h"
#include "formats/tensor_index.h"
#include "fuzz/choices.h"
#include "fuzz/config_checks.h"
#include "fuzz/scratch_file.h"
#include "fuzz/target.h"
#include "model/decoder.h"
#include "runtime/exec_context.h"
#include "runtime/probe.h"

namespace carat::fuzz {
namespace {

using formats::GgufMetadata;
using formats::GgufPart;
using formats::Tensor;

constexpr std::array<std::string_view, 5> kModels = {"gemma3/model-q8_0.gguf", "e2b/model-q4_0.gguf",
                                                     "12b-unified/model-q4_0.gguf", "26b-a4b/model-q8_0.gguf",
                                                     "31b/model-q4_k_m.gguf"};
constexpr std::size_t kMaxTensorBytes = std::size_t{4} << 20;

const GgufPart& base_model(std::size_t i) {
  static const std::vector<GgufPart> parts = [] {
    std::vector<GgufPart> all;
    for (const std::string_view name : kModels) {
      all.push_back(GgufPart::open(std::filesystem::path(CARAT_SOURCE_DIR) / "tests/golden/text" / name).value());
    }
    return all;
  }();
  return parts[i];
}

// A number such as files have there, or any.
std::int64_t value_near(Choices& choose, std::int64_t before) {
  switch (choose.below(6)) {
    case 0:
      return before + choose.below(5) - 2;
    case 1:
      return before * (1 + choose.below(4));
    case 2:
      return before / (1 + choose.below(4));
    case 3:
      return choose.below(64);
    case 4:
      return std::int64_t{16} << choose.below(8);
    default:
      return static_cast<std::int64_t>(choose.number());
  }
}

void change_key(Choices& choose, GgufMetadata& metadata) {
  const auto entries = metadata.entries();
  if (entries.empty()) return;
  const std::string key(entries[choose.below(static_cast<std::uint32_t>(entries.size()))].key);
  const std::int64_t before = metadata.get_int(key, std::numeric_limits<std::int32_t>::min(), 1 << 30).has_value()
                                  ? *metadata.get_int(key, std::numeric_limits<std::int32_t>::min(), 1 << 30)
                                  : 1;
  switch (choose.below(8)) {
    case 0:
      return metadata.erase(key);
    case 1:
      return metadata.set<float>(key, static_cast<float>(value_near(choose, before)));
    case 2: {
      constexpr std::array<float, 7> kOdd = {0.0f,
                                             -1.0f,
                                             1e-30f,
                                             1e30f,
                                             3e38f,
                                             std::numeric_limits<float>::infinity(),
                                             std::numeric_limits<float>::quiet_NaN()};
      return metadata.set<float>(key, choose.among(kOdd));
    }
    case 3: {
      std::vector<std::int32_t> values(choose.below(12));
      for (std::int32_t& value : values) value = static_cast<std::int32_t>(value_near(choose, before));
      return metadata.set_array<std::int32_t>(key, values);
    }
    case 4:
      return metadata.set<bool>(key, choose.one_in(2));
    default:
      return metadata.set<std::int32_t>(key, static_cast<std::int32_t>(value_near(choose, before)));
  }
}

void change_tensor(Choices& choose, std::vector<Tensor>& tensors) {
  static const std::vector<std::byte> zeros(kMaxTensorBytes);
  if (tensors.empty()) return;
  const std::size_t i = choose.below(static_cast<std::uint32_t>(tensors.size()));
  Tensor& tensor = tensors[i];
  switch (choose.below(5)) {
    case 0:
      tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    case 1:
      tensor.name =
          choose.one_in(2) ? choose.text(30) : tensors[choose.below(static_cast<std::uint32_t>(tensors.size()))].name;
      return;
    case 2:
      tensor.dtype = static_cast<DType>(choose.below(static_cast<std::uint32_t>(DType::kQ2_0) + 1));
      break;
    case 3:
      tensor.shape[choose.below(static_cast<std::uint32_t>(tensor.shape.size()))] = value_near(choose, tensor.shape[0]);
      break;
    default:
      if (choose.one_in(2) && tensor.shape.size() > 1) {
        tensor.shape.pop_back();
      } else {
        tensor.shape.push_back(1 + choose.below(4));
      }
      break;
  }
  const auto size = formats::tensor_bytes("fuzz", tensor.name, tensor.dtype, tensor.shape);
  if (size && *size != tensor.data.size() && *size <= zeros.size()) tensor.data = std::span(zeros).first(*size);
}

void use(const std::filesystem::path& path, std::uint8_t tokens) {
  auto checkpoint = model::Checkpoint::open(path);
  if (!checkpoint) return check_refusal(checkpoint.error());
  check_model_config(checkpoint->config);
  static const auto context = runtime::ExecContext::create({.n_threads = 1}).value();
  const std::int64_t vocab_size = checkpoint->config.vocab_size;
  const auto decoder = model::Decoder::load(*std::move(checkpoint), context->pool());
  if (!decoder) return check_refusal(decoder.error());
  std::vector<tokenizer::TokenId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(static_cast<tokenizer::TokenId>((tokens * 37 + i * 101) % vocab_size));
  const auto output = runtime::probe(**decoder, ids, {.all_rows = true}, context->exec());
  if (!output) return check_refusal(output.error());
  CARAT_CHECK(output->logits.size() == ids.size() * static_cast<std::size_t>(vocab_size));
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  static const ScratchFolder folder;
  Choices choose(data, size);
  const GgufPart& base = base_model(choose.below(kModels.size()));
  const std::uint8_t token = choose.byte();
  GgufMetadata metadata("fuzz.gguf");
  for (const auto& entry : base.contents.metadata.entries()) CARAT_CHECK(metadata.add_view(entry.key, entry.value));
  std::vector<Tensor> tensors = base.contents.tensors;
  for (std::uint32_t n = choose.below(6); n > 0; --n) {
    if (choose.one_in(3)) {
      change_tensor(choose, tensors);
    } else {
      change_key(choose, metadata);
    }
  }
  const auto path = folder.path() / "model.gguf";
  if (!carat::formats::write_gguf(path, metadata, tensors)) return 0;  // no file could say that
  use(path, token);
  return 0;
}
