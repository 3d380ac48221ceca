#include "model/config_hf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "formats/files_testing.h"
#include "model/load_config.h"

namespace carat::model {
namespace {

using formats::golden;

Json config_of(const std::string& variant) {
  return parse_json(formats::read_text(golden(variant + "/config.json"))).value();
}

Result<ModelConfig> read(const Json& config) { return config_from_hf(config, nullptr, "config.json", "test"); }

std::string error_of(const Json& config) {
  const auto result = read(config);
  return result ? std::string("none") : result.error().to_string();
}

#define EXPECT_ERROR(config, part) EXPECT_NE(error_of(config).find(part), std::string::npos) << error_of(config)

std::string pattern(const ModelConfig& config) {
  std::string text;
  for (const LayerConfig& l : config.layers) text += l.sliding ? 'S' : 'F';
  return text;
}

std::vector<std::int64_t> kv_layers(const ModelConfig& config) {
  std::vector<std::int64_t> donors;
  for (const LayerConfig& l : config.layers) donors.push_back(l.kv_layer);
  return donors;
}

TEST(ConfigHf, E2bHasSharedLayersAndPerLayerEmbeddings) {
  const auto source = formats::open_model(golden("e2b"));
  ASSERT_TRUE(source) << source.error().to_string();
  const auto config = load_config(*source);
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->architecture, Architecture::kGemma4);
  EXPECT_EQ(config->name, "e2b");
  EXPECT_EQ(config->vocab_size, 512);
  EXPECT_EQ(config->d_model, 64);
  EXPECT_EQ(config->context_length, 131072);
  EXPECT_EQ(config->embedding_scale, 8.0f);
  EXPECT_EQ(config->attention_scale, 1);
  EXPECT_EQ(config->final_logit_softcap, 30);
  EXPECT_EQ(config->ple_dim, 16);
  EXPECT_EQ(config->block_attention, BlockAttention::kCausal);
  EXPECT_FALSE(config->norm_adds_one);
  EXPECT_EQ(config->eos_token_ids, (std::vector<std::int64_t>{1, 106}));
  EXPECT_EQ(pattern(*config), "SFSFSSF");
  EXPECT_EQ(kv_layers(*config), (std::vector<std::int64_t>{0, 1, 2, 3, 2, 2, 3}));
  EXPECT_EQ(config->first_shared_layer(), 4);
  EXPECT_EQ(config->layers[3].d_ff, 32);
  EXPECT_EQ(config->layers[4].d_ff, 64);
  EXPECT_EQ(config->layers[0].window, 16);
  EXPECT_EQ(config->layers[0].head_dim, 32);
  EXPECT_EQ(config->layers[0].rope, (RopeConfig{10000, 1, 16}));
  EXPECT_EQ(config->layers[1].window, 0);
  EXPECT_EQ(config->layers[1].head_dim, 64);
  EXPECT_EQ(config->layers[1].rope, (RopeConfig{1e6, 1, 8}));
  EXPECT_EQ(config->layers[1].n_kv_heads, 1);
  EXPECT_FALSE(config->layers[1].v_is_k);
}

TEST(ConfigHf, OtherVariantsDifferWhereTheyShould) {
  const auto unified = read(config_of("12b-unified"));
  ASSERT_TRUE(unified) << unified.error().to_string();
  EXPECT_EQ(unified->embedding_scale, 9.8125f);
  EXPECT_EQ(unified->block_attention, BlockAttention::kVisionBlocks);
  EXPECT_TRUE(unified->layers[1].v_is_k);
  EXPECT_FALSE(unified->layers[0].v_is_k);
  EXPECT_EQ(unified->layers[0].n_kv_heads, 2);
  EXPECT_EQ(unified->layers[1].n_kv_heads, 1);

  const auto moe = read(config_of("26b-a4b"));
  ASSERT_TRUE(moe) << moe.error().to_string();
  EXPECT_EQ(moe->n_experts, 6);
  EXPECT_EQ(moe->top_k_experts, 3);
  EXPECT_EQ(moe->expert_d_ff, 32);

  const auto e4b = read(config_of("e4b"));
  ASSERT_TRUE(e4b) << e4b.error().to_string();
  EXPECT_EQ(e4b->ple_dim, 8);
  EXPECT_EQ(e4b->layers.back().d_ff, e4b->layers.front().d_ff);

  const auto drafter = read(config_of("e2b-assistant"));
  ASSERT_TRUE(drafter) << drafter.error().to_string();
  EXPECT_EQ(drafter->architecture, Architecture::kGemma4Assistant);
  EXPECT_EQ(drafter->backbone_d_model, 64);
  EXPECT_EQ(drafter->n_centroids, 32);
  EXPECT_EQ(drafter->centroid_top_k, 4);
  EXPECT_EQ(drafter->final_logit_softcap, 0);
  EXPECT_EQ(drafter->first_shared_layer(), 0);
  const auto dense = read(config_of("31b-assistant"));
  ASSERT_TRUE(dense) << dense.error().to_string();
  EXPECT_EQ(dense->n_centroids, 0);
}

TEST(ConfigHf, Gemma3OldAndNewSpellingsAgree) {
  const Json old = config_of("gemma3");
  const auto expected = read(old);
  ASSERT_TRUE(expected) << expected.error().to_string();
  EXPECT_EQ(pattern(*expected), "SSFSSFS");
  EXPECT_EQ(expected->layers[2].rope, (RopeConfig{1e6, 8, 16}));
  EXPECT_EQ(expected->layers[0].rope, (RopeConfig{1e4, 1, 16}));
  EXPECT_DOUBLE_EQ(expected->attention_scale, 1 / std::sqrt(32.0));
  EXPECT_TRUE(expected->norm_adds_one);
  EXPECT_FALSE(expected->v_norm);
  EXPECT_FALSE(expected->has_layer_scalar);
  EXPECT_EQ(expected->final_logit_softcap, 0);

  Json renewed = old;
  for (const char* key : {"rope_theta", "rope_local_base_freq", "rope_scaling", "sliding_window_pattern"}) {
    renewed.erase(key);
  }
  renewed["rope_parameters"] = parse_json(R"({"sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
      "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0}})")
                                   .value();
  const char* s = "sliding_attention";
  const char* f = "full_attention";
  renewed["layer_types"] = {s, s, f, s, s, f, s};
  Json nested = {{"model_type", "gemma3"}, {"text_config", renewed}};
  Json underscore = old;
  underscore["_sliding_window_pattern"] = underscore["sliding_window_pattern"];
  underscore.erase("sliding_window_pattern");
  for (const Json& config : {renewed, nested, underscore}) {
    const auto other = read(config);
    ASSERT_TRUE(other) << other.error().to_string();
    EXPECT_EQ(pattern(*other), pattern(*expected));
    for (std::size_t i = 0; i < other->layers.size(); ++i) EXPECT_EQ(other->layers[i].rope, expected->layers[i].rope);
  }
}

// The published 4B config leaves out what its library had as defaults.
TEST(ConfigHf, ReleasedGemma3ConfigsAreCompleted) {
  const Json config = parse_json(R"({"model_type": "gemma3", "eos_token_id": [1, 106], "text_config":
      {"hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
       "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024}})")
                          .value();
  const auto read_4b = read(config);
  ASSERT_TRUE(read_4b) << read_4b.error().to_string();
  EXPECT_EQ(read_4b->layers[0].n_heads, 8);
  EXPECT_EQ(read_4b->layers[0].n_kv_heads, 4);
  EXPECT_EQ(read_4b->layers[5].rope, (RopeConfig{1e6, 8, 128}));
  EXPECT_EQ(read_4b->embedding_scale, 50.5f);
  Json other = config;
  other["text_config"]["num_hidden_layers"] = 33;
  EXPECT_ERROR(other, "config.json: text_config: ");
}

TEST(ConfigHf, ReadsIdsOfBothFiles) {
  const Json generation =
      parse_json(R"({"eos_token_id": [1, 106, 50], "suppress_tokens": [258, 259], "pad_token_id": 0})").value();
  Json config = config_of("31b");
  config["eos_token_id"] = 106;
  const auto read_31b = config_from_hf(config, &generation, "config.json", "test");
  ASSERT_TRUE(read_31b) << read_31b.error().to_string();
  EXPECT_EQ(read_31b->eos_token_ids, (std::vector<std::int64_t>{106, 1, 50}));
  EXPECT_EQ(read_31b->suppress_token_ids, (std::vector<std::int64_t>{258, 259}));
}

TEST(ConfigHf, IdsBeyondTheVocabularyAreRefusedInTheirFile) {
  const Json config = config_of("31b");
  for (const char* text : {R"({"eos_token_id": 512})", R"({"eos_token_id": [1, -1]})", R"({"suppress_tokens": [512]})",
                           R"({"suppress_tokens": ["1"]})", R"({"eos_token_id": [[1]]})"}) {
    const Json generation = parse_json(text).value();
    const auto read = config_from_hf(config, &generation, "config.json", "test");
    ASSERT_FALSE(read) << text;
    const std::string error = read.error().to_string();
    EXPECT_NE(error.find("(generation_config.json): "), std::string::npos) << error;
    EXPECT_NE(error.find("a token id from 0 to 511 or an array of them was expected"), std::string::npos) << error;
  }
}

TEST(ConfigHf, RopeThatTurnsNoAngleIsRefused) {
  for (const auto& [key, value] :
       {std::pair{"factor", 1e-300}, {"factor", 1e300}, {"factor", 0.0}, {"rope_theta", 1e300}}) {
    Json config = config_of("e2b");
    config["text_config"]["rope_parameters"]["full_attention"][key] = value;
    EXPECT_ERROR(config, "layer 1: RoPE has base");
  }
}

TEST(ConfigHf, ExpertWidthHasTwoSpellings) {
  Json config = config_of("26b-a4b");
  config["text_config"]["expert_intermediate_size"] = 48;
  config["text_config"].erase("moe_intermediate_size");
  EXPECT_EQ(read(config).value().expert_d_ff, 48);
}

TEST(ConfigHf, ADonorIsTheLastEarlierLayerOfTheType) {
  Json config = config_of("e2b");
  const char* s = "sliding_attention";
  const char* f = "full_attention";
  // The last two own layers are both sliding: first - 2 would be wrong.
  config["text_config"]["layer_types"] = {s, f, s, s, s, f, f};
  const auto shared = read(config);
  ASSERT_TRUE(shared) << shared.error().to_string();
  EXPECT_EQ(kv_layers(*shared), (std::vector<std::int64_t>{0, 1, 2, 3, 3, 1, 1}));
  config["text_config"]["layer_types"] = {s, s, s, s, s, s, f};
  EXPECT_ERROR(config, "layer 6 shares K/V, but no layer below 4 is of its type (full)");
}

// What save_pretrained of transformers 5 writes: the fields of full layers by layer index instead of flat ones.
Json per_layer_spelling(const std::string& variant) {
  Json config = config_of(variant);
  Json& text = config["text_config"];
  Json per_layer = Json::object();
  for (std::size_t i = 0; i < text["layer_types"].size(); ++i) {
    if (text["layer_types"][i] != "full_attention") continue;
    Json& layer = per_layer[std::to_string(i)];
    layer["head_dim"] = text["global_head_dim"];
    if (text["attention_k_eq_v"] == true && !text["num_global_key_value_heads"].is_null()) {
      layer["num_key_value_heads"] = text["num_global_key_value_heads"];
    }
  }
  text["per_layer_config"] = per_layer;
  text.erase("global_head_dim");
  text.erase("num_global_key_value_heads");
  return config;
}

TEST(ConfigHf, PerLayerSpellingEqualsTheFlatOne) {
  for (const std::string variant : {"e2b", "e4b", "12b-unified", "26b-a4b", "31b"}) {
    const auto flat = read(config_of(variant)), per_layer = read(per_layer_spelling(variant));
    ASSERT_TRUE(flat) << flat.error().to_string();
    ASSERT_TRUE(per_layer) << per_layer.error().to_string();
    for (std::size_t i = 0; i < flat->layers.size(); ++i) {
      const LayerConfig &a = flat->layers[i], &b = per_layer->layers[i];
      EXPECT_EQ(a.head_dim, b.head_dim) << variant << " layer " << i;
      EXPECT_EQ(a.n_kv_heads, b.n_kv_heads) << variant << " layer " << i;
      EXPECT_EQ(a.rope, b.rope) << variant << " layer " << i;
    }
  }
  Json padded = per_layer_spelling("31b");
  Json& layers = padded["text_config"]["per_layer_config"];
  layers["03"] = layers["3"];
  layers.erase("3");
  EXPECT_TRUE(read(padded));
  layers["04"] = layers["03"];
  EXPECT_ERROR(padded, "\"04\" is no layer; 0 to 3 were expected");
  layers.erase("04");
  layers["03"]["intermediate_size"] = 64;
  EXPECT_ERROR(padded, "intermediate_size is set for one layer");
  layers["03"] = {{"head_dim", 32}};
  EXPECT_ERROR(padded, "gives layers 1 and 3 of one type different shapes");
}

struct BadValue {
  const char* variant;
  const char* key;
  Json value;
  const char* message;
};

TEST(ConfigHf, ImpossibleValuesAreRefusedByName) {
  const BadValue values[] = {
      {"e2b", "hidden_size", 0, "config.json: text_config: hidden_size is 0"},
      {"e2b", "hidden_size", -64, "hidden_size is -64"},
      {"e2b", "hidden_size", 64.5, "hidden_size is 64.5"},
      {"e2b", "hidden_size", "64", "hidden_size is \"64\""},
      {"e2b", "vocab_size", 1 << 21, "vocab_size is 2097152"},
      {"e2b", "num_hidden_layers", 100'000, "num_hidden_layers is 100000"},
      {"e2b", "num_hidden_layers", 8, "layer_types has 7 entries, num_hidden_layers is 8"},
      {"e2b", "layer_types", Json::array({1, 2}), "layer_types is [1,2]; an array of strings"},
      {"e2b", "num_kv_shared_layers", 8, "num_kv_shared_layers is 8"},
      {"e2b", "num_attention_heads", 0, "num_attention_heads is 0"},
      {"e4b", "num_key_value_heads", 3, "4 query heads cannot be divided among 3 K/V heads"},
      {"e2b", "head_dim", 33, "head size 33 is odd"},
      {"e2b", "head_dim", 24, "head size 24 is no multiple of 16"},
      {"e2b", "global_head_dim", 1 << 20, "global_head_dim is 1048576"},
      {"e2b", "sliding_window", 0, "sliding_window is 0"},
      {"e2b", "rms_norm_eps", 0, "RMS norm epsilon is 0"},
      {"e2b", "rms_norm_eps", "tiny", "rms_norm_eps is \"tiny\"; a number"},
      {"e2b", "final_logit_softcapping", -1, "final_logit_softcapping is -1"},
      {"e2b", "hidden_activation", "silu", "hidden_activation \"silu\" is not gelu_pytorch_tanh"},
      {"e2b", "attention_bias", true, "attention_bias is true"},
      {"e2b", "use_bidirectional_attention", "all", "use_bidirectional_attention is \"all\""},
      {"e2b", "rope_parameters", Json::object(), "rope_parameters: full_attention is missing"},
      {"e2b", "pad_token_id", 512, "padding token id"},
      {"26b-a4b", "top_k_experts", 7, "top_k_experts is 7"},
      {"26b-a4b", "num_experts", nullptr, "num_experts is missing"},
      {"26b-a4b", "enable_moe_block", 1, "enable_moe_block is 1; true or false"},
      {"31b", "num_global_key_value_heads", 0, "num_global_key_value_heads is 0"},
      {"31b-assistant", "num_kv_shared_layers", 3, "num_kv_shared_layers is 3 of 4 layers"},
  };
  for (const BadValue& bad : values) {
    SCOPED_TRACE(std::string(bad.variant) + " " + bad.key);
    Json config = config_of(bad.variant);
    config["text_config"][bad.key] = bad.value;
    if (std::string_view(bad.key) == "pad_token_id") config.erase("pad_token_id");
    if (std::string_view(bad.key) == "pad_token_id") {
      EXPECT_ERROR(config, "pad_token_id is 512");
    } else {
      EXPECT_ERROR(config, bad.message);
    }
  }
}

TEST(ConfigHf, MissingKeysAreRefusedByName) {
  for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                          "num_key_value_heads", "head_dim", "global_head_dim", "rms_norm_eps", "sliding_window",
                          "max_position_embeddings", "hidden_activation", "final_logit_softcapping"}) {
    Json config = config_of("31b");
    config["text_config"].erase(key);
    EXPECT_ERROR(config, std::string("text_config: ") + key + " is missing");
  }
  for (const char* key : {"query_pre_attn_scalar", "rope_theta", "rope_local_base_freq", "sliding_window_pattern"}) {
    Json config = config_of("gemma3");
    config.erase(key);
    EXPECT_ERROR(config, std::string(key) + " is missing");
  }
  Json drafter = config_of("e2b-assistant");
  drafter.erase("num_centroids");
  EXPECT_ERROR(drafter, "num_centroids is missing");
}

TEST(ConfigHf, UnknownArchitecturesAreRefusedWithTheKnownOnes) {
  Json config = config_of("31b");
  config["model_type"] = "llama";
  EXPECT_ERROR(config, "config.json: model_type \"llama\" is unknown; carat runs gemma4, gemma4_text");
  config.erase("model_type");
  EXPECT_ERROR(config, "model_type is missing");
  config = config_of("31b");
  config["quantization_config"] = {{"quant_method", "compressed-tensors"}};
  EXPECT_ERROR(config, "has a quantization_config");
  config = config_of("31b");
  config["text_config"]["rope_parameters"]["full_attention"]["rope_type"] = "yarn";
  EXPECT_ERROR(config, "rope_parameters: full_attention: rope_type \"yarn\"");
  config = config_of("31b");
  config["text_config"] = 5;
  EXPECT_ERROR(config, "text_config is 5; an object was expected");
}

}  // namespace
}  // namespace carat::model
