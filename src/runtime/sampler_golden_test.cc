#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "formats/safetensors/safetensors_source.h"
#include "formats/tensor_values.h"
#include "runtime/sampler.h"

namespace carat::runtime {
namespace {

class SamplerGolden : public testing::TestWithParam<const char*> {};

/// The official implementation's warpers (temperature, top-k, top-p in this order) on its own logits.
TEST_P(SamplerGolden, WarpedProbabilities) {
  const auto file = std::filesystem::path(CARAT_SOURCE_DIR) / "tests/golden/text" / GetParam() / "expected.safetensors";
  const auto source = formats::SafetensorsSource::open(file);
  ASSERT_TRUE(source) << source.error().to_string();
  const formats::Tensor* expected_tensor = source->find("p17.warped");
  const formats::Tensor* logits_tensor = source->find("p17.logits");
  ASSERT_TRUE(expected_tensor != nullptr && logits_tensor != nullptr);
  const std::vector<float> expected = formats::to_floats(*expected_tensor).value();
  const std::vector<float> all_logits = formats::to_floats(*logits_tensor).value();
  const std::vector<float> logits(all_logits.end() - static_cast<std::ptrdiff_t>(expected.size()), all_logits.end());

  Sampler sampler({.temperature = 0.8, .top_k = 20, .top_p = 0.9}, {});
  const std::vector<WarpedToken> warped = sampler.warped(logits).value();
  std::vector<double> actual(expected.size());
  for (const WarpedToken& t : warped) actual[static_cast<std::size_t>(t.id)] = t.probability;
  std::size_t support = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], 1e-6) << "token " << i;
    EXPECT_EQ(actual[i] > 0, expected[i] > 0) << "token " << i;
    support += expected[i] > 0 ? 1 : 0;
  }
  EXPECT_EQ(warped.size(), support);
  EXPECT_GT(support, 1u);
}

INSTANTIATE_TEST_SUITE_P(Variants, SamplerGolden,
                         testing::Values("e2b", "e4b", "12b-unified", "26b-a4b", "31b", "gemma3"),
                         [](const auto& variant) {
                           std::string name = variant.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace carat::runtime
