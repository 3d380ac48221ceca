#include "model/weights.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "model/checkpoint.h"
#include "model/decoder.h"

namespace carat::model {
namespace {

Checkpoint open(const std::string& name) {
  auto checkpoint = Checkpoint::open(std::filesystem::path(CARAT_SOURCE_DIR) / "tests/golden/text" / name);
  EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error().to_string();
  return std::move(checkpoint).value();
}

TEST(Weights, DraftersLoadWholeButDoNotRunAlone) {
  ThreadPool pool(2);
  for (const std::string name : {"e2b-assistant", "31b-assistant"}) {
    Checkpoint checkpoint = open(name);
    const auto weights = load_weights(checkpoint.config, checkpoint.tensors, pool);
    ASSERT_TRUE(weights.has_value()) << weights.error().to_string();
    EXPECT_EQ(weights->packed_bytes(), planned_weight_bytes(checkpoint.tensors)) << name;
    ASSERT_TRUE(weights->drafter.has_value()) << name;
    const bool ordered = checkpoint.config.n_centroids > 0;
    EXPECT_EQ(ordered, name == "e2b-assistant");
    EXPECT_EQ(weights->drafter->token_ordering.size(),
              ordered ? static_cast<std::size_t>(checkpoint.config.vocab_size) : 0);
    EXPECT_EQ(weights->drafter->pre_projection.view().cols, 2 * checkpoint.config.backbone_d_model);

    const auto alone = Decoder::load(std::move(checkpoint), pool);
    ASSERT_FALSE(alone.has_value());
    EXPECT_EQ(alone.error().code(), ErrorCode::kUnsupported);
    EXPECT_NE(alone.error().message().find("is a drafter"), std::string_view::npos);
  }
}

TEST(Weights, GemmaThreeNormsOfAFolderGetTheirOne) {
  ThreadPool pool(1);
  const Checkpoint folder = open("gemma3"), gguf = open("gemma3/model-q8_0.gguf");
  const auto a = load_weights(folder.config, folder.tensors, pool), b = load_weights(gguf.config, gguf.tensors, pool);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->norm, b->norm) << "a GGUF file already holds 1 + w";
  EXPECT_EQ(a->layers[2].q_norm, b->layers[2].q_norm);
}

}  // namespace
}  // namespace carat::model
