// Soft embeddings in rows, and rows of one picture that see each other: whole models against the official
// implementation (tests/golden/soft/README.md). Encoders come later; here their output is given.

#include "model_testing.h"
#include "runtime/kv_cache.h"

namespace carat {
namespace {

using namespace testing;

struct Media {
  Ids ids;
  std::vector<std::int64_t> types;
  std::vector<float> soft;
};

Media read_case(const GoldenTensors& expected, const std::string& name) {
  Media m;
  const auto ids = expected.ints(name + ".ids");
  m.ids.assign(ids.begin(), ids.end());
  m.types = expected.ints(name + ".types");
  if (expected.has(name + ".soft")) m.soft = expected.floats(name + ".soft");
  return m;
}

// Rows of the prompt; pictures and video frames (types 1 and 2) form one block per run.
std::vector<model::Row> rows_of(const Media& m, std::int64_t d_model) {
  std::vector<model::Row> rows(m.ids.size());
  std::size_t n_soft = 0;
  std::int32_t block = -1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].position = static_cast<std::int64_t>(i);
    rows[i].token = m.ids[i];
    rows[i].wants_logits = i + 1 == rows.size();
    if (m.types[i] == 0) continue;
    rows[i].soft_embedding = m.soft.data() + n_soft++ * static_cast<std::size_t>(d_model);
    if (m.types[i] == 3) continue;
    if (i == 0 || m.types[i - 1] != m.types[i]) ++block;
    rows[i].block = block;
  }
  return rows;
}

std::vector<float> last_logits(model::Decoder& m, const std::vector<model::Row>& rows, runtime::ExecContext& exec) {
  auto kv = runtime::KvCache::create({.layouts = m.kv_layouts(model::KvType::kF32), .n_layers = m.config().n_layers()});
  EXPECT_TRUE(kv.has_value());
  const auto sequence = kv->create_sequence();
  EXPECT_TRUE(kv->prepare(sequence, static_cast<std::int64_t>(rows.size())));
  const model::KvSequencePages* const sequences[] = {&kv->pages(sequence)};
  model::StepOutput out;
  const auto done = m.step(rows, {model::KvType::kF32, sequences}, exec.exec(), out, nullptr);
  EXPECT_TRUE(done.has_value()) << done.error().to_string();
  return out.logits;
}

class SoftEmbeddings : public ::testing::TestWithParam<std::string> {};

TEST_P(SoftEmbeddings, LogitsOfPromptsWithPicturesAndSound) {
  const auto dir = golden_dir() / "soft" / GetParam();
  const auto exec = make_exec();
  const auto m = load_model(dir, exec->pool());
  ASSERT_NE(m, nullptr);
  const GoldenTensors expected(dir / "expected.safetensors");
  const auto expected_json = read_json(dir / "expected.json");
  ASSERT_FALSE(expected_json["cases"].empty());
  for (const auto& [name, unused] : expected_json["cases"].items()) {
    const Media media = read_case(expected, name);
    const auto logits = last_logits(*m, rows_of(media, m->config().d_model), *exec);
    const auto d = difference(logits, expected.floats(name + ".logits"));
    EXPECT_LE(d.max_abs, 2e-3) << GetParam() << " " << name;
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    EXPECT_EQ(best, expected.ints(name + ".greedy")[0]) << GetParam() << " " << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Media, SoftEmbeddings, ::testing::Values("e2b", "31b", "12b-unified"),
                         [](const auto& test) { return test.param == "12b-unified" ? "unified" : test.param; });

TEST(SoftEmbeddingsNarrowWindow, TheWindowBoundsBothSidesOfAPicture) {
  const auto dir = golden_dir() / "soft/31b";
  const auto folder = std::filesystem::path(::testing::TempDir()) / "carat-narrow-window";
  std::filesystem::create_directories(folder);
  const auto overwrite = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(dir / "config-narrow-window.json", folder / "config.json", overwrite);
  std::filesystem::copy_file(dir / "model.safetensors", folder / "model.safetensors", overwrite);
  const auto exec = make_exec();
  const auto m = load_model(folder, exec->pool());
  ASSERT_NE(m, nullptr);
  ASSERT_EQ(m->config().layers[0].window, 16);
  const GoldenTensors expected(dir / "expected.safetensors");
  for (const std::string name : {"one-image", "two-images", "video"}) {
    const auto logits = last_logits(*m, rows_of(read_case(expected, name), m->config().d_model), *exec);
    EXPECT_LE(difference(logits, expected.floats(name + ".narrow.both_sides.logits")).max_abs, 2e-3) << name;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace carat
