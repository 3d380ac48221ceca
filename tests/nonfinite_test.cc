// Numbers that are none: in weights, norms and scales a model is refused by the tensor's name; in keys and values, only
// the sequence that they belong to ends.

#include <unistd.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "formats/gguf/gguf_file.h"
#include "formats/gguf/gguf_writer.h"
#include "formats/safetensors/safetensors_writer.h"
#include "model_testing.h"
#include "runtime/generate.h"
#include "runtime/kv_cache.h"
#include "runtime/step.h"

namespace carat {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class NonFinite : public ::testing::Test {
 protected:
  NonFinite() : exec_(make_exec(2, "", kernels::Compute::kFast)) {
    std::string form = ::testing::TempDir() + "carat-nonfinite-XXXXXX";
    dir_ = mkdtemp(form.data());
  }
  ~NonFinite() override { fs::remove_all(dir_); }

  /// The error of the first thing that fails: opening, loading, or a step over every token of the vocabulary.
  std::string error_of(const fs::path& path) {
    auto checkpoint = model::Checkpoint::open(path);
    if (!checkpoint) return checkpoint.error().to_string();
    auto decoder = model::Decoder::load(std::move(checkpoint).value(), exec_->pool());
    if (!decoder) return decoder.error().to_string();
    auto kv =
        runtime::KvCache::create({(*decoder)->kv_layouts(model::KvType::kF16), (*decoder)->config().n_layers(), 0});
    runtime::Engine engine{**decoder, *kv, exec_->exec(), 4096, 512};
    runtime::Session session(engine);
    Ids all(static_cast<std::size_t>((*decoder)->config().vocab_size));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<tokenizer::TokenId>(i);
    EXPECT_TRUE(session.append(all));
    const auto answered = runtime::generate({.session = &session, .sampling = {.temperature = 0}, .max_tokens = 1});
    return answered ? "" : answered.error().to_string();
  }

  std::unique_ptr<runtime::ExecContext> exec_;
  fs::path dir_;
};

/// Bytes of a tensor with the scale of one block (or one element of a plain type) set to what is no number.
std::vector<std::byte> spoilt(const formats::Tensor& tensor, bool nan) {
  std::vector<std::byte> bytes(tensor.data.begin(), tensor.data.end());
  const DTypeInfo& info = dtype_info(tensor.dtype);
  const std::size_t n_blocks = bytes.size() / static_cast<std::size_t>(info.block_bytes);
  std::size_t at = n_blocks * 2 / 3 * static_cast<std::size_t>(info.block_bytes);
  if (tensor.dtype == DType::kQ6_K) at += 208;  // its scale is behind the codes; of the other types here, in front
  if (tensor.dtype == DType::kF32) {
    const float bad = nan ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
    std::memcpy(bytes.data() + at, &bad, sizeof bad);
  } else {
    const std::uint16_t bad = tensor.dtype == DType::kBF16 ? (nan ? 0x7FC0 : 0xFF80) : (nan ? 0x7E01 : 0xFC00);
    std::memcpy(bytes.data() + at, &bad, sizeof bad);
  }
  return bytes;
}

/// K/V weights of a layer that reads another's keys and values are in the file and never loaded.
bool is_unused(const std::string& name, const fs::path& model) {
  const auto checkpoint = model::Checkpoint::open(model);
  const auto digits = name.find_first_of("0123456789");
  if (!checkpoint || digits == std::string::npos) return false;
  const bool of_kv = name.find("attn_k") != std::string::npos || name.find("attn_v") != std::string::npos ||
                     name.find("k_proj") != std::string::npos || name.find("v_proj") != std::string::npos ||
                     name.find("k_norm") != std::string::npos;
  return of_kv && std::stoll(name.substr(digits)) >= checkpoint->config.first_shared_layer();
}

TEST_F(NonFinite, EveryTensorOfAFileIsNamed) {
  for (const char* name : {"e2b/model-q4_0.gguf", "26b-a4b/model-q8_0.gguf", "31b/model-q4_k_m.gguf"}) {
    const auto file = formats::GgufFile::open(golden_dir() / "text" / name);
    CARAT_ASSERT_OK(file);
    const fs::path path = dir_ / "spoilt.gguf";
    bool nan = false;
    int n_named = 0;
    for (std::size_t i = 0; i < file->tensors().size(); ++i) {
      std::vector<formats::Tensor> tensors(file->tensors().begin(), file->tensors().end());
      const std::vector<std::byte> bytes = spoilt(tensors[i], nan = !nan);
      tensors[i].data = bytes;
      const auto written = formats::write_gguf(path, file->metadata(), tensors);
      CARAT_ASSERT_OK(written);
      const std::string error = error_of(path);
      if (error.empty() && is_unused(tensors[i].name, path)) continue;
      EXPECT_NE(error.find("tensor " + tensors[i].name), std::string::npos)
          << name << ", " << tensors[i].name << ": " << error;
      ++n_named;
    }
    EXPECT_GT(n_named, 20) << name;
  }
}

TEST_F(NonFinite, EveryTensorOfAFolderIsNamed) {
  const fs::path from = golden_dir() / "text/e2b";
  fs::copy(from / "config.json", dir_ / "config.json");
  const auto source = formats::SafetensorsSource::open(from / "model.safetensors");
  CARAT_ASSERT_OK(source);
  bool nan = false;
  for (std::size_t i = 0; i < source->tensors().size(); ++i) {
    std::vector<formats::Tensor> tensors(source->tensors().begin(), source->tensors().end());
    const std::vector<std::byte> bytes = spoilt(tensors[i], nan = !nan);
    tensors[i].data = bytes;
    const auto written = formats::write_safetensors(dir_ / "model.safetensors", tensors);
    CARAT_ASSERT_OK(written);
    const std::string error = error_of(dir_);
    if (error.empty() && is_unused(tensors[i].name, dir_)) continue;
    EXPECT_NE(error.find("tensor " + tensors[i].name), std::string::npos) << tensors[i].name << ": " << error;
  }
}

// Whatever fills the keys or values of one conversation, the others give the same tokens, and pages that come back to
// the pool carry nothing on.
TEST_F(NonFinite, KeysAndValuesEndOnlyTheirSequence) {
  const auto decoder = load_model(golden_dir() / "text/e2b/model-q4_0.gguf", exec_->pool());
  ASSERT_NE(decoder, nullptr);
  auto kv = runtime::KvCache::create({decoder->kv_layouts(model::KvType::kF16), decoder->config().n_layers(), 0});
  CARAT_ASSERT_OK(kv);
  runtime::Engine engine{*decoder, *kv, exec_->exec(), 512, 64};
  const auto prompt_of = [](int k) {
    Ids ids;
    for (int i = 0; i < 50; ++i) ids.push_back((i * k + 5) % 500);
    return ids;
  };
  const runtime::SamplingParams greedy{.temperature = 0};
  const auto alone = [&](int k) {
    runtime::Session session(engine);
    EXPECT_TRUE(session.append(prompt_of(k)));
    return runtime::generate({.session = &session, .sampling = greedy, .max_tokens = 8})->tokens;
  };
  const auto left_alone = alone(3), right_alone = alone(7), victim_alone = alone(11);

  for (const std::uint16_t bad : {std::uint16_t{0x7E01}, std::uint16_t{0x7C00}}) {
    runtime::Session left(engine), victim(engine), right(engine);
    EXPECT_TRUE(left.append(prompt_of(3)));
    EXPECT_TRUE(victim.append(prompt_of(11)));
    EXPECT_TRUE(right.append(prompt_of(7)));
    model::StepOutput out;
    CARAT_ASSERT_OK(runtime::prefill(victim, runtime::OutputRows::kNone, runtime::OutputRows::kNone, out));
    for (const auto& pages : kv->pages(victim.sequence()).pages) {
      for (std::byte* page : pages) {
        if (page == nullptr) continue;
        for (std::size_t i = 0; i < 512; ++i) std::memcpy(page + 2 * i, &bad, 2);
      }
    }
    const auto results = runtime::generate_batch(
        engine, std::vector<runtime::GenerateRequest>{{.session = &left, .sampling = greedy, .max_tokens = 8},
                                                      {.session = &victim, .sampling = greedy, .max_tokens = 8},
                                                      {.session = &right, .sampling = greedy, .max_tokens = 8}});
    CARAT_ASSERT_OK(results);
    EXPECT_EQ((*results)[0].tokens, left_alone);
    EXPECT_EQ((*results)[2].tokens, right_alone);
    ASSERT_TRUE((*results)[1].error) << "a page of what is no number was taken for an answer";
    EXPECT_EQ((*results)[1].error->code(), ErrorCode::kInternal);
    EXPECT_NE((*results)[1].error->to_string().find("finite"), std::string::npos);
    // The same conversation from its tokens: what was in its pages is gone.
    victim.truncate(0);
    EXPECT_TRUE(victim.append(prompt_of(11)));
    EXPECT_EQ(runtime::generate({.session = &victim, .sampling = greedy, .max_tokens = 8})->tokens, victim_alone);
  }
  EXPECT_EQ(alone(11), victim_alone) << "from pages that the spoilt conversation gave back";
}

TEST_F(NonFinite, BiasesAndPenalties) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(runtime::validate({.temperature = bad}, 512));
    EXPECT_FALSE(runtime::validate({.top_p = bad}, 512));
    EXPECT_FALSE(runtime::validate({.min_p = bad}, 512));
    EXPECT_FALSE(runtime::validate({.repetition_penalty = bad}, 512));
    EXPECT_FALSE(runtime::validate({.presence_penalty = bad}, 512));
    EXPECT_FALSE(runtime::validate({.frequency_penalty = bad}, 512));
    if (std::isnan(bad)) {
      EXPECT_FALSE(runtime::validate({.logit_bias = {{3, static_cast<float>(bad)}}}, 512));
    }
  }
}

}  // namespace
}  // namespace carat
