#include "model/model_tensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "formats/files_testing.h"
#include "formats/gguf/gguf_writer.h"
#include "formats/safetensors/safetensors_writer.h"
#include "formats/tensor_values.h"
#include "model/load_config.h"

namespace carat::model {
namespace {

using formats::golden;
using formats::ModelSource;
using formats::OwnedTensor;
using formats::TempDir;
using formats::Tensor;

using Tensors = std::vector<Tensor>;

Result<void> bind_file(const std::filesystem::path& path, const std::function<void(const ModelTensors&)>& look = {}) {
  ASSIGN_OR_RETURN(const ModelSource source, formats::open_model(path));
  ASSIGN_OR_RETURN(const ModelConfig config, load_config(source));
  ASSIGN_OR_RETURN(const ModelTensors tensors, bind_tensors(config, source));
  if (look) look(tensors);
  return {};
}

/// Binds a golden whose tensors were changed.
Result<void> bind_changed(const std::string& name, const std::function<void(Tensors&)>& change,
                          const std::function<void(const ModelTensors&)>& look = {}) {
  ASSIGN_OR_RETURN(const ModelSource source, formats::open_model(golden(name)));
  Tensors tensors(source.tensors().tensors().begin(), source.tensors().tensors().end());
  change(tensors);
  const TempDir dir;
  if (source.gguf) {
    RETURN_IF_ERROR(write_gguf(dir / "m.gguf", source.gguf->metadata(), tensors));
    return bind_file(dir / "m.gguf", look);
  }
  std::filesystem::copy(golden(name) / "config.json", dir / "config.json");
  RETURN_IF_ERROR(write_safetensors(dir / "model.safetensors", tensors));
  return bind_file(dir.path(), look);
}

std::string error_of(const Result<void>& result) { return result ? "none" : result.error().to_string(); }

#define EXPECT_ERROR(result, part)                               \
  do {                                                           \
    const std::string message = error_of(result);                \
    EXPECT_NE(message.find(part), std::string::npos) << message; \
  } while (false)

Tensor& named(Tensors& tensors, std::string_view name) {
  const auto it = std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.name == name; });
  EXPECT_NE(it, tensors.end()) << name;
  return *it;
}

void remove_tensor(Tensors& tensors, std::string_view name) {
  EXPECT_EQ(std::erase_if(tensors, [&](const Tensor& t) { return t.name == name; }), 1u) << name;
}

TEST(BindTensors, EveryGoldenBinds) {
  for (const char* name : {"e2b", "e4b", "12b-unified", "26b-a4b", "31b", "gemma3", "e2b-assistant", "31b-assistant",
                           "e2b/model-q4_0.gguf", "12b-unified/model-q4_0.gguf", "26b-a4b/model-q8_0.gguf",
                           "31b/model-q4_k_m.gguf", "gemma3/model-q8_0.gguf"}) {
    EXPECT_EQ(error_of(bind_file(golden(name))), "none") << name;
  }
}

TEST(BindTensors, BothNamingsFillTheSameRoles) {
  const auto source = formats::open_model(golden("26b-a4b"));
  for (const char* name : {"26b-a4b", "26b-a4b/model-q8_0.gguf"}) {
    const auto look = [](const ModelTensors& t) {
      EXPECT_EQ(t.lm_head, nullptr);
      EXPECT_EQ(t.embed_tokens->shape, (std::vector<std::int64_t>{512, 64}));
      EXPECT_EQ(t.embed_tokens_per_layer, nullptr);
      ASSERT_EQ(t.layers.size(), 4u);
      EXPECT_NE(t.layers[0].v_proj, nullptr);
      EXPECT_EQ(t.layers[1].v_proj, nullptr);
      EXPECT_EQ(t.layers[1].k_proj->shape, (std::vector<std::int64_t>{64, 64}));
      EXPECT_EQ(t.layers[0].experts_gate_up->shape, (std::vector<std::int64_t>{6, 64, 64}));
      EXPECT_EQ(t.layers[0].experts_gate, nullptr);
      EXPECT_EQ(t.layers[0].experts_down->shape, (std::vector<std::int64_t>{6, 64, 32}));
      EXPECT_EQ(t.layers[0].router_scale->shape, (std::vector<std::int64_t>{64}));
      EXPECT_EQ(t.layers[0].per_expert_scale->shape, (std::vector<std::int64_t>{6}));
    };
    EXPECT_EQ(error_of(bind_file(golden(name), look)), "none");
  }
}

TEST(BindTensors, DeadKeysAndValuesMayBeThereOrNot) {
  for (const char* name : {"e2b", "e2b/model-q4_0.gguf"}) {
    const auto look = [](const ModelTensors& t) {
      EXPECT_NE(t.layers[3].k_proj, nullptr);
      EXPECT_EQ(t.layers[4].k_proj, nullptr);
      EXPECT_EQ(t.layers[4].v_proj, nullptr);
      EXPECT_EQ(t.layers[4].k_norm, nullptr);
      EXPECT_NE(t.per_layer_model_projection, nullptr);
    };
    EXPECT_EQ(error_of(bind_file(golden(name), look)), "none");
    const auto drop = [](Tensors& tensors) {
      EXPECT_EQ(std::erase_if(
                    tensors,
                    [](const Tensor& t) {
                      const bool shared = t.name.find("s.4.") != t.name.npos || t.name.find("k.4.") != t.name.npos;
                      return shared && (t.name.find("k_proj") != t.name.npos || t.name.find("attn_k.") != t.name.npos);
                    }),
                1u);
    };
    EXPECT_EQ(error_of(bind_changed(name, drop, look)), "none");
  }
}

TEST(BindTensors, AStoredHeadEqualToTheTableIsTheTable) {
  const auto add_head = [](Tensors& tensors) {
    Tensor head = named(tensors, "model.language_model.embed_tokens.weight");
    head.name = "lm_head.weight";
    tensors.push_back(head);
  };
  const auto tied = [](const ModelTensors& t) { EXPECT_EQ(t.lm_head, nullptr); };
  EXPECT_EQ(error_of(bind_changed("31b", add_head, tied)), "none");
  // Equal in value is enough: the head in f32 beside a table in bf16, under the name of older multimodal folders.
  std::vector<float> values;
  const auto add_wide_head = [&](Tensors& tensors) {
    values = formats::to_floats(named(tensors, "model.language_model.embed_tokens.weight")).value();
    tensors.push_back({"language_model.lm_head.weight", DType::kF32, {512, 256}, std::as_bytes(std::span(values))});
  };
  EXPECT_EQ(error_of(bind_changed("31b", add_wide_head, tied)), "none");
  const std::vector<std::byte> zeros(512 * 256 * 2);
  EXPECT_ERROR(bind_changed("31b",
                            [&](Tensors& tensors) {
                              tensors.push_back({"lm_head.weight", DType::kBF16, {512, 256}, zeros});
                            }),
               "lm_head.weight differs from model.language_model.embed_tokens.weight");
  // In GGUF nothing says "tied": another head is one.
  const auto untied = [](const ModelTensors& t) { EXPECT_NE(t.lm_head, nullptr); };
  EXPECT_EQ(error_of(bind_changed(
                "31b/model-q4_k_m.gguf",
                [&](Tensors& tensors) {
                  tensors.push_back({"output.weight", DType::kBF16, {512, 256}, zeros});
                },
                untied)),
            "none");
}

TEST(BindTensors, ExpertsMayBeSplitInGguf) {
  const std::vector<std::byte> half(6 * 32 * 64 / 32 * 34);
  const auto split = [&](Tensors& tensors) {
    for (int i = 0; i < 4; ++i) {
      const std::string head = "blk." + std::to_string(i) + ".";
      remove_tensor(tensors, head + "ffn_gate_up_exps.weight");
      tensors.push_back({head + "ffn_gate_exps.weight", DType::kQ8_0, {6, 32, 64}, half});
      tensors.push_back({head + "ffn_up_exps.weight", DType::kQ8_0, {6, 32, 64}, half});
    }
  };
  const std::string name = "26b-a4b/model-q8_0.gguf";
  EXPECT_EQ(error_of(bind_changed(name, split,
                                  [](const ModelTensors& t) {
                                    EXPECT_EQ(t.layers[0].experts_gate_up, nullptr);
                                    EXPECT_NE(t.layers[0].experts_up, nullptr);
                                  })),
            "none");
  EXPECT_ERROR(bind_changed(name,
                            [&](Tensors& tensors) {
                              split(tensors);
                              remove_tensor(tensors, "blk.2.ffn_up_exps.weight");
                            }),
               "tensor blk.2.ffn_gate_up_exps.weight is missing");
  EXPECT_ERROR(bind_changed(name,
                            [&](Tensors& tensors) {
                              tensors.push_back({"blk.1.ffn_up_exps.weight", DType::kQ8_0, {6, 32, 64}, half});
                            }),
               "blk.1.ffn_gate_up_exps.weight is there beside its split form");
}

TEST(BindTensors, EncodersAreLeftOut) {
  const std::vector<std::byte> bytes(4);
  const auto add = [&](const char* name) {
    return [&bytes, name](Tensors& tensors) { tensors.push_back({name, DType::kF32, {1}, bytes}); };
  };
  for (const char* name : {"model.vision_tower.std_bias", "model.audio_tower.x", "model.embed_vision.x.weight",
                           "model.vision_embedder.pos_embedding", "multi_modal_projector.x"}) {
    EXPECT_EQ(error_of(bind_changed("31b", add(name))), "none") << name;
  }
  EXPECT_EQ(error_of(bind_changed("31b/model-q4_k_m.gguf", add("v.patch_embd.weight"))), "none");
}

TEST(BindTensors, MissingWrongAndUnknownTensorsAreRefusedByName) {
  const std::string p = "model.language_model.";
  const std::vector<std::byte> bytes(1 << 20);
  const std::span<const std::byte> all(bytes);
  const auto without = [&](const char* model, std::string name) {
    return bind_changed(model, [&](Tensors& tensors) { remove_tensor(tensors, name); });
  };
  EXPECT_ERROR(without("31b", p + "layers.2.mlp.up_proj.weight"),
               p + "layers.2.mlp.up_proj.weight is missing; the config asks for it with shape [32, 256]");
  EXPECT_ERROR(without("31b", p + "layers.0.self_attn.v_proj.weight"), "layers.0.self_attn.v_proj.weight is missing");
  EXPECT_ERROR(without("31b", p + "embed_tokens.weight"),
               "has no embedding table; one of " + p + "embed_tokens.weight");
  EXPECT_ERROR(without("31b", p + "layers.3.layer_scalar"), "layers.3.layer_scalar is missing");
  EXPECT_ERROR(without("26b-a4b", p + "layers.1.experts.gate_up_proj"), "layers.1.experts.gate_up_proj is missing");
  EXPECT_ERROR(without("e2b-assistant", "masked_embedding.token_ordering"),
               "masked_embedding.token_ordering is missing");
  EXPECT_ERROR(without("gemma3/model-q8_0.gguf", "blk.6.ffn_up.weight"), "tensor blk.6.ffn_up.weight is missing");
  EXPECT_ERROR(bind_changed("31b",
                            [&](Tensors& tensors) {
                              Tensor& t = named(tensors, p + "layers.1.self_attn.q_norm.weight");
                              t = {t.name, DType::kBF16, {32}, all.first(64)};
                            }),
               "layers.1.self_attn.q_norm.weight has shape [32]; the config asks for [64]");
  // V of a layer where V is K.
  EXPECT_ERROR(
      bind_changed("31b",
                   [&](Tensors& tensors) {
                     tensors.push_back(
                         {p + "layers.1.self_attn.v_proj.weight", DType::kBF16, {64, 256}, all.first(64 * 256 * 2)});
                   }),
      "layers.1.self_attn.v_proj.weight has no place in this architecture and config");
  EXPECT_ERROR(bind_changed("31b",
                            [&](Tensors& tensors) {
                              tensors.push_back({"a\nb", DType::kU8, {1}, all.first(1)});
                              tensors.push_back({"c", DType::kU8, {1}, all.first(1)});
                            }),
               "tensor a\\x0Ab (and 1 more) has no place");
  EXPECT_ERROR(
      bind_changed(
          "26b-a4b",
          [&](Tensors& tensors) {
            remove_tensor(tensors, p + "layers.0.experts.gate_up_proj");
            tensors.push_back({p + "layers.0.experts.0.gate_proj.weight", DType::kBF16, {32, 64}, all.first(4096)});
          }),
      "experts stored one by one are not read");
}

TEST(BindTensors, ElementTypesWithoutArithmeticAreRefusedByName) {
  const std::vector<std::byte> bytes(1 << 20);
  const auto with_type = [&](const char* name, DType type) {
    return bind_changed("31b/model-q4_k_m.gguf", [&](Tensors& tensors) {
      Tensor& t = named(tensors, name);
      const DTypeInfo& info = dtype_info(type);
      const auto size = static_cast<std::size_t>(t.n_elements()) / info.block_elements * info.block_bytes;
      t = {t.name, type, t.shape, std::span<const std::byte>(bytes).first(size)};
    });
  };
  for (const DType type : {DType::kIQ2_XXS, DType::kIQ2_XS, DType::kIQ2_S, DType::kIQ3_XXS, DType::kIQ3_S,
                           DType::kIQ1_S, DType::kNVFP4, DType::kTQ2_0, DType::kI8, DType::kF64}) {
    EXPECT_ERROR(with_type("blk.0.attn_q.weight", type),
                 "tensor blk.0.attn_q.weight is " + std::string(dtype_name(type)));
  }
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ2_K, DType::kIQ4_XS, DType::kMXFP4}) {
    EXPECT_EQ(error_of(with_type("blk.0.attn_q.weight", type)), "none") << dtype_name(type);
  }
  EXPECT_ERROR(with_type("blk.0.attn_norm.weight", DType::kQ8_0), "tensor blk.0.attn_norm.weight is Q8_0; F32");
}

/// A drafter as GGUF has it, made from the folder.
TEST(BindTensors, ADrafterBindsFromGgufToo) {
  const auto source = formats::open_model(golden("31b-assistant"));
  ASSERT_TRUE(source);
  const auto folder = load_config(*source);
  ASSERT_TRUE(folder);
  const std::map<std::string, std::string> names = {{"model.embed_tokens.weight", "token_embd.weight"},
                                                    {"model.norm.weight", "output_norm.weight"},
                                                    {"pre_projection.weight", "nextn.pre_projection.weight"},
                                                    {"post_projection.weight", "nextn.post_projection.weight"}};
  const std::map<std::string, std::string> parts = {{"input_layernorm.weight", "attn_norm.weight"},
                                                    {"self_attn.q_proj.weight", "attn_q.weight"},
                                                    {"self_attn.o_proj.weight", "attn_output.weight"},
                                                    {"self_attn.q_norm.weight", "attn_q_norm.weight"},
                                                    {"post_attention_layernorm.weight", "post_attention_norm.weight"},
                                                    {"pre_feedforward_layernorm.weight", "ffn_norm.weight"},
                                                    {"mlp.gate_proj.weight", "ffn_gate.weight"},
                                                    {"mlp.up_proj.weight", "ffn_up.weight"},
                                                    {"mlp.down_proj.weight", "ffn_down.weight"},
                                                    {"post_feedforward_layernorm.weight", "post_ffw_norm.weight"},
                                                    {"layer_scalar", "layer_output_scale.weight"}};
  Tensors tensors;
  for (Tensor t : source->tensors().tensors()) {
    if (const auto it = names.find(t.name); it != names.end()) {
      t.name = it->second;
    } else {
      const std::string rest = t.name.substr(std::string("model.layers.").size());  // "2.mlp.gate_proj.weight"
      t.name = "blk." + rest.substr(0, 2) + parts.at(rest.substr(2));
    }
    tensors.push_back(t);
  }
  formats::GgufMetadata meta;
  const auto put = [&](const std::string& key, std::int64_t value) {
    meta.set<std::uint32_t>("gemma4-assistant." + key, static_cast<std::uint32_t>(value));
  };
  meta.set_string("general.architecture", "gemma4-assistant");
  put("block_count", 4);
  put("context_length", folder->context_length);
  put("embedding_length", folder->d_model);
  put("embedding_length_out", folder->backbone_d_model);
  put("feed_forward_length", 48);
  put("attention.head_count", folder->layers[0].n_heads);
  const std::int32_t kv_heads[] = {2, 2, 2, 1};
  meta.set_array<std::int32_t>("gemma4-assistant.attention.head_count_kv", kv_heads);
  put("attention.key_length", 64);
  put("attention.key_length_swa", 32);
  put("attention.sliding_window", 16);
  const bool pattern[] = {true, true, true, false};
  meta.set_array<bool>("gemma4-assistant.attention.sliding_window_pattern", pattern);
  meta.set<float>("gemma4-assistant.attention.layer_norm_rms_epsilon", 1e-6f);
  meta.set<float>("gemma4-assistant.rope.freq_base", 1e6f);

  const TempDir dir;
  ASSERT_TRUE(write_gguf(dir / "mtp.gguf", meta, tensors));
  const auto gguf = formats::open_model(dir / "mtp.gguf");
  ASSERT_TRUE(gguf) << gguf.error().to_string();
  const auto config = load_config(*gguf);
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->architecture, Architecture::kGemma4Assistant);
  EXPECT_EQ(config->backbone_d_model, folder->backbone_d_model);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(config->layers[i].kv_layer, -1);
    EXPECT_EQ(config->layers[i].n_kv_heads, folder->layers[i].n_kv_heads);
    EXPECT_EQ(config->layers[i].rope, folder->layers[i].rope);
  }
  const auto bound = bind_tensors(*config, *gguf);
  ASSERT_TRUE(bound) << bound.error().to_string();
  EXPECT_NE(bound->post_projection, nullptr);
  EXPECT_EQ(bound->layers[0].k_proj, nullptr);
}

}  // namespace
}  // namespace carat::model
