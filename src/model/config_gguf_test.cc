#include "model/config_gguf.h"

#include <gtest/gtest.h>

#include <cmath>

#include "formats/files_testing.h"
#include "formats/gguf/gguf_writer.h"
#include "formats/tensor_values.h"
#include "model/load_config.h"

namespace carat::model {
namespace {

using formats::GgufFile;
using formats::GgufMetadata;
using formats::golden;
using formats::TempDir;

/// The file's metadata as an object of its own, to be changed.
GgufMetadata copy_metadata(const GgufFile& file) {
  GgufMetadata copy;
  for (const formats::GgufEntry& entry : file.metadata().entries()) {
    EXPECT_TRUE(copy.add_view(entry.key, entry.value));
  }
  return copy;
}

template <typename Change>
Result<ModelConfig> config_with(const std::string& name, Change change) {
  const auto file = GgufFile::open(golden(name));
  EXPECT_TRUE(file);
  GgufMetadata meta = copy_metadata(*file);
  std::vector<formats::Tensor> tensors(file->tensors().begin(), file->tensors().end());
  change(meta, tensors);
  const TempDir dir;
  EXPECT_TRUE(write_gguf(dir / "changed.gguf", meta, tensors));
  const auto changed = GgufFile::open(dir / "changed.gguf");
  EXPECT_TRUE(changed) << changed.error().to_string();
  return config_from_gguf(*changed, "test");
}

template <typename Change>
std::string error_with(const std::string& name, Change change) {
  const auto config = config_with(name, [&](GgufMetadata& meta, auto&) { change(meta); });
  return config ? std::string("none") : config.error().to_string();
}

#define EXPECT_ERROR(text, part)                     \
  do {                                               \
    const std::string t = text;                      \
    EXPECT_NE(t.find(part), std::string::npos) << t; \
  } while (false)

ModelConfig load(const std::string& name) {
  const auto source = formats::open_model(golden(name));
  EXPECT_TRUE(source) << source.error().to_string();
  auto config = load_config(*source);
  EXPECT_TRUE(config) << config.error().to_string();
  return std::move(config).value();
}

// Both files of a golden describe one model.
TEST(ConfigGguf, AgreesWithTheFolder) {
  const std::pair<const char*, const char*> pairs[] = {{"e2b", "e2b/model-q4_0.gguf"},
                                                       {"12b-unified", "12b-unified/model-q4_0.gguf"},
                                                       {"26b-a4b", "26b-a4b/model-q8_0.gguf"},
                                                       {"31b", "31b/model-q4_k_m.gguf"},
                                                       {"gemma3", "gemma3/model-q8_0.gguf"}};
  for (const auto& [folder, file] : pairs) {
    SCOPED_TRACE(folder);
    const ModelConfig a = load(folder);
    const ModelConfig b = load(file);
    EXPECT_EQ(a.architecture, b.architecture);
    EXPECT_EQ(a.vocab_size, b.vocab_size);
    EXPECT_EQ(a.d_model, b.d_model);
    EXPECT_EQ(a.context_length, b.context_length);
    EXPECT_FLOAT_EQ(static_cast<float>(a.rms_norm_eps), static_cast<float>(b.rms_norm_eps));
    EXPECT_EQ(a.embedding_scale, b.embedding_scale);
    EXPECT_EQ(a.attention_scale, b.attention_scale);
    EXPECT_FALSE(b.norm_adds_one);
    EXPECT_EQ(a.v_norm, b.v_norm);
    EXPECT_EQ(a.has_layer_scalar, b.has_layer_scalar);
    EXPECT_EQ(a.final_logit_softcap, b.final_logit_softcap);
    EXPECT_EQ(a.ple_dim, b.ple_dim);
    EXPECT_EQ(a.n_experts, b.n_experts);
    EXPECT_EQ(a.top_k_experts, b.top_k_experts);
    EXPECT_EQ(a.expert_d_ff, b.expert_d_ff);
    EXPECT_EQ(a.block_attention, b.block_attention);
    EXPECT_EQ(b.eos_token_ids, std::vector<std::int64_t>{1});
    ASSERT_EQ(a.layers.size(), b.layers.size());
    for (std::size_t i = 0; i < a.layers.size(); ++i) {
      SCOPED_TRACE(i);
      const LayerConfig& x = a.layers[i];
      const LayerConfig& y = b.layers[i];
      EXPECT_EQ(x.sliding, y.sliding);
      EXPECT_EQ(x.window, y.window);
      EXPECT_EQ(x.n_heads, y.n_heads);
      EXPECT_EQ(x.n_kv_heads, y.n_kv_heads);
      EXPECT_EQ(x.head_dim, y.head_dim);
      EXPECT_EQ(x.d_ff, y.d_ff);
      EXPECT_EQ(x.kv_layer, y.kv_layer);
      EXPECT_EQ(x.v_is_k, y.v_is_k);
      EXPECT_EQ(x.rope, y.rope);
    }
  }
}

TEST(ConfigGguf, MissingSlidingKeysDoNotCopyTheFullOnes) {
  const auto config = config_with("31b/model-q4_k_m.gguf", [](GgufMetadata& meta, auto&) {
    for (const char* key : {"gemma4.attention.key_length_swa", "gemma4.attention.value_length_swa",
                            "gemma4.rope.dimension_count_swa", "gemma4.rope.freq_base_swa"}) {
      meta.erase(key);
    }
  });
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->layers[0].head_dim, 256);
  EXPECT_EQ(config->layers[0].rope, (RopeConfig{1e4, 1, 128}));
}

TEST(ConfigGguf, OlderGemma3FilesLeaveThePatternOut) {
  const auto config = config_with("gemma3/model-q8_0.gguf", [](GgufMetadata& meta, auto&) {
    for (const char* key : {"gemma3.attention.sliding_window_pattern", "gemma3.rope.freq_base_swa",
                            "gemma3.rope.scaling.type", "gemma3.rope.scaling.factor"}) {
      meta.erase(key);
    }
  });
  ASSERT_TRUE(config) << config.error().to_string();
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(config->layers[i].sliding, i != 5) << i;
  EXPECT_EQ(config->layers[0].rope, (RopeConfig{1e4, 1, 16}));
  EXPECT_EQ(config->layers[5].rope, (RopeConfig{1e6, 1, 16}));
}

TEST(ConfigGguf, Gemma3PatternMayBeAPeriodAnd27bHasItsOwnScale) {
  const auto config = config_with("gemma3/model-q8_0.gguf", [](GgufMetadata& meta, auto&) {
    meta.set<std::uint32_t>("gemma3.attention.sliding_window_pattern", 3);
    meta.set<std::uint32_t>("gemma3.block_count", 62);
    meta.set<std::uint64_t>("gemma3.attention.head_count", 4);
  });
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_TRUE(config->layers[1].sliding);
  EXPECT_FALSE(config->layers[2].sliding);
  EXPECT_DOUBLE_EQ(config->attention_scale, 0.25);  // (64 / 4)^-0.5
}

TEST(ConfigGguf, RotatedPairsComeFromRopeFreqsOrAreAQuarter) {
  const auto absent = config_with("31b/model-q4_k_m.gguf", [](GgufMetadata&, std::vector<formats::Tensor>& tensors) {
    std::erase_if(tensors, [](const formats::Tensor& t) { return t.name == "rope_freqs.weight"; });
  });
  EXPECT_EQ(absent.value().layers[1].rope.n_rotated_pairs, 8);
  for (const float odd : {2.0f, 1e28f, std::nanf("")}) {
    std::vector<float> freqs(32, 1e30f);
    freqs[0] = 1;
    freqs[1] = odd;
    const formats::OwnedTensor replaced("rope_freqs.weight", {32}, std::span<const float>(freqs));
    const auto wrong = config_with("31b/model-q4_k_m.gguf", [&](GgufMetadata&, std::vector<formats::Tensor>& tensors) {
      for (formats::Tensor& t : tensors) {
        if (t.name == "rope_freqs.weight") t = replaced.tensor();
      }
    });
    ASSERT_FALSE(wrong);
    EXPECT_ERROR(wrong.error().to_string(), "tensor rope_freqs.weight must hold 1.0");
  }
}

TEST(ConfigGguf, StopAndSuppressedIds) {
  const auto config = config_with("12b-unified/model-q4_0.gguf", [](GgufMetadata& meta, auto&) {
    const std::int32_t suppressed[] = {114, 111};
    meta.set<std::uint32_t>("tokenizer.ggml.eot_token_id", 106);
    meta.set_array<std::int32_t>("tokenizer.ggml.suppress_tokens", suppressed);
  });
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->eos_token_ids, (std::vector<std::int64_t>{1, 106}));
  EXPECT_EQ(config->suppress_token_ids, (std::vector<std::int64_t>{114, 111}));
}

TEST(ConfigGguf, WrongMetadataIsRefusedByName) {
  const std::string e2b = "e2b/model-q4_0.gguf";
  const auto with_u32 = [&](const char* key, std::uint32_t value) {
    return error_with(e2b, [&](GgufMetadata& meta) { meta.set(key, value); });
  };
  const auto without = [&](const char* key) { return error_with(e2b, [&](GgufMetadata& meta) { meta.erase(key); }); };
  for (const char* key :
       {"general.architecture", "gemma4.block_count", "gemma4.embedding_length", "gemma4.context_length",
        "gemma4.feed_forward_length", "gemma4.attention.head_count", "gemma4.attention.head_count_kv",
        "gemma4.attention.key_length", "gemma4.attention.sliding_window", "gemma4.attention.sliding_window_pattern",
        "gemma4.attention.layer_norm_rms_epsilon", "gemma4.rope.freq_base", "gemma4.final_logit_softcapping"}) {
    EXPECT_ERROR(without(key), std::string("metadata key ") + key + " is missing");
  }
  EXPECT_ERROR(with_u32("gemma4.block_count", 0), "gemma4.block_count is 0");
  EXPECT_ERROR(with_u32("gemma4.block_count", 6), "has 7 elements; 6 was expected");
  EXPECT_ERROR(with_u32("gemma4.attention.head_count", 0), "gemma4.attention.head_count is 0");
  EXPECT_ERROR(with_u32("gemma4.attention.value_length", 32), "gemma4.attention.value_length is 32");
  EXPECT_ERROR(with_u32("gemma4.rope.dimension_count_swa", 64), "gemma4.rope.dimension_count_swa is 64");
  EXPECT_ERROR(with_u32("gemma4.attention.shared_kv_layers", 8), "gemma4.attention.shared_kv_layers is 8");
  EXPECT_ERROR(with_u32("gemma4.attention.shared_kv_layers", 7), "no layer below 0 is of its type");
  EXPECT_ERROR(with_u32("tokenizer.ggml.eos_token_id", 512), "tokenizer.ggml.eos_token_id is 512");
  EXPECT_ERROR(with_u32("general.architecture", 4), "general.architecture is u32; a string was expected");
  EXPECT_ERROR(error_with(e2b, [](GgufMetadata& m) { m.set<float>("gemma4.rope.freq_base", NAN); }), "not finite");
  EXPECT_ERROR(error_with(e2b, [](GgufMetadata& m) { m.set_string("general.architecture", "llama"); }),
               "architecture \"llama\" is unknown; carat runs gemma4, gemma3");
  EXPECT_ERROR(error_with(e2b, [](GgufMetadata& m) { m.set_string("general.architecture", "clip"); }), "mmproj");
  EXPECT_ERROR(error_with(e2b,
                          [](GgufMetadata& m) {
                            const std::string pieces[] = {"a", "b"};
                            m.set_strings("tokenizer.ggml.tokens", pieces);
                          }),
               "tokenizer.ggml.tokens has 2 pieces, token_embd.weight 512 rows");
}

}  // namespace
}  // namespace carat::model
