#include "cli/layer_drawing.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "cli/term/text_width.h"
#include "model/checkpoint.h"

namespace carat::cli {
namespace {

model::ModelConfig golden(const std::string& name) {
  auto checkpoint = model::Checkpoint::open(std::filesystem::path(CARAT_SOURCE_DIR) / "tests/golden/text" / name);
  EXPECT_TRUE(checkpoint) << checkpoint.error().to_string();
  return checkpoint->config;
}

int widest_line(const std::string& text) {
  std::istringstream lines(text);
  int widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, display_width(line));
  return widest;
}

TEST(LayerDrawing, RailsLeadFromALayerToThoseThatUseItsKeysAndValues) {
  EXPECT_EQ(layer_drawing(golden("e2b")), R"(  tokens, each 64 numbers
  │          attention     heads   K/V                feed-forward
  ├─ 0       ░ sliding 16  2 × 32  1 × 32             32, layer embedding 16
  ├─ 1       █ full        2 × 64  1 × 64             32, layer embedding 16
  ├─ 2       ░ sliding 16  2 × 32  1 × 32      ──┐    32, layer embedding 16
  ├─ 3       █ full        2 × 64  1 × 64      ──│─┐  32, layer embedding 16
  ├─ 4-5 ×2  ░ sliding 16  2 × 32  of layer 2  ◄─┘ │  64, layer embedding 16
  ├─ 6       █ full        2 × 64  of layer 3  ◄───┘  64, layer embedding 16
  └─ logits of 512 tokens, capped at 30
)");
  EXPECT_EQ(layer_drawing(golden("e2b/model-q4_0.gguf")), layer_drawing(golden("e2b")));
}

TEST(LayerDrawing, ExpertsAndVIsK) {
  EXPECT_EQ(layer_drawing(golden("26b-a4b")), R"(  tokens, each 64 numbers
  │     attention     heads   K/V             feed-forward
  ├─ 0  ░ sliding 16  2 × 32  2 × 32          32 and 3 of 6 experts of 32
  ├─ 1  █ full        2 × 64  1 × 64, V is K  32 and 3 of 6 experts of 32
  ├─ 2  ░ sliding 16  2 × 32  2 × 32          32 and 3 of 6 experts of 32
  ├─ 3  █ full        2 × 64  1 × 64, V is K  32 and 3 of 6 experts of 32
  └─ logits of 512 tokens, capped at 30
)");
}

TEST(LayerDrawing, EqualNeighboursShareALine) {
  EXPECT_EQ(layer_drawing(golden("gemma3")), R"(  tokens, each 64 numbers
  │          attention     heads   K/V     feed-forward
  ├─ 0-1 ×2  ░ sliding 16  2 × 32  1 × 32  32
  ├─ 2       █ full        2 × 32  1 × 32  32
  ├─ 3-4 ×2  ░ sliding 16  2 × 32  1 × 32  32
  ├─ 5       █ full        2 × 32  1 × 32  32
  ├─ 6       ░ sliding 16  2 × 32  1 × 32  32
  └─ logits of 512 tokens
)");
}

TEST(LayerDrawing, ADrafterUsesItsTargets) {
  const std::string drawing = layer_drawing(golden("e2b-assistant"));
  EXPECT_NE(drawing.find("the target's"), std::string::npos) << drawing;
  EXPECT_EQ(drawing.find("of layer"), std::string::npos) << drawing;
}

// E2B as released: 15 layers with K/V, then 20 that use those of layers 13 and 14.
TEST(LayerDrawing, ManyLinesOnOneRail) {
  model::ModelConfig config;
  config.d_model = 1536;
  config.vocab_size = 262144;
  config.ple_dim = 256;
  for (std::int64_t i = 0; i < 35; ++i) {
    model::LayerConfig layer;
    layer.sliding = i % 5 != 4;
    layer.window = layer.sliding ? 512 : 0;
    layer.n_heads = 8;
    layer.n_kv_heads = 1;
    layer.head_dim = layer.sliding ? 256 : 512;
    layer.d_ff = i < 15 ? 6144 : 12288;
    layer.kv_layer = i < 15 ? i : layer.sliding ? 13 : 14;
    config.layers.push_back(layer);
  }
  const std::string drawing = layer_drawing(config);
  for (const char* line :
       {"  ├─ 10-12 ×3  ░ sliding 512  8 × 256  1 × 256             6,144, layer embedding 256\n",
        "  ├─ 13        ░ sliding 512  8 × 256  1 × 256      ──┐    6,144, layer embedding 256\n",
        "  ├─ 14        █ full         8 × 512  1 × 512      ──│─┐  6,144, layer embedding 256\n",
        "  ├─ 15-18 ×4  ░ sliding 512  8 × 256  of layer 13  ◄─┤ │  12,288, layer embedding 256\n",
        "  ├─ 29        █ full         8 × 512  of layer 14  ◄─│─┤  12,288, layer embedding 256\n",
        "  ├─ 30-33 ×4  ░ sliding 512  8 × 256  of layer 13  ◄─┘ │  12,288, layer embedding 256\n",
        "  ├─ 34        █ full         8 × 512  of layer 14  ◄───┘  12,288, layer embedding 256\n"}) {
    EXPECT_NE(drawing.find(line), std::string::npos) << line << drawing;
  }
}

// 26B-A4B as released, and every number as wide as the family has it.
TEST(LayerDrawing, FitsAHundredColumns) {
  model::ModelConfig config;
  config.d_model = 5376;
  config.vocab_size = 262144;
  config.n_experts = 128;
  config.top_k_experts = 8;
  config.expert_d_ff = 704;
  config.final_logit_softcap = 30;
  for (std::int64_t i = 0; i < 60; ++i) {
    model::LayerConfig layer;
    layer.sliding = i % 6 != 5;
    layer.window = layer.sliding ? 1024 : 0;
    layer.n_heads = 32;
    layer.n_kv_heads = layer.sliding ? 16 : 4;
    layer.head_dim = layer.sliding ? 256 : 512;
    layer.d_ff = 21504;
    layer.v_is_k = !layer.sliding;
    layer.kv_layer = i;
    config.layers.push_back(layer);
  }
  EXPECT_LE(widest_line(layer_drawing(config)), 100) << layer_drawing(config);
  EXPECT_NE(layer_drawing(config).find("├─ 54-58 ×5"), std::string::npos);
}

}  // namespace
}  // namespace carat::cli
