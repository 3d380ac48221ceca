#include "eval/saved_logits.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "formats/safetensors/safetensors_writer.h"
#include "formats/tensor_values.h"

namespace carat::eval {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<tokenizer::TokenId>;

class SavedLogitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("carat-saved-logits-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Logits 0, 1, 2, ... of `rows` rows.
  fs::path save(const std::vector<std::int64_t>& ids, std::int64_t rows, std::int64_t vocab) {
    std::vector<float> values(static_cast<std::size_t>(rows * vocab));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    std::vector<formats::OwnedTensor> tensors;
    tensors.emplace_back("ids", std::vector{static_cast<std::int64_t>(ids.size())}, std::span<const std::int64_t>(ids));
    tensors.emplace_back("logits", std::vector{rows, vocab}, std::span<const float>(values));
    return write(tensors);
  }
  fs::path write(std::span<const formats::OwnedTensor> tensors) {
    const fs::path path = folder_ / "saved.safetensors";
    EXPECT_TRUE(formats::write_safetensors(path, formats::views_of(tensors), {{"compute", "exact"}}).has_value());
    return path;
  }
  static std::string error_of(const fs::path& path) {
    const auto saved = SavedLogits::open(path);
    return saved ? "" : saved.error().to_string();
  }

  fs::path folder_;
};

TEST_F(SavedLogitsTest, RowsInTheChunksAskedFor) {
  const auto saved = SavedLogits::open(save({2, 3, 1}, 3, 4));
  ASSERT_TRUE(saved.has_value()) << saved.error().to_string();
  SavedLogits& s = **saved;
  EXPECT_EQ(s.ids(), (Ids{2, 3, 1}));
  EXPECT_EQ(s.vocab_size(), 4);
  EXPECT_EQ(s.metadata("compute"), "exact");
  EXPECT_EQ(s.metadata("kv"), "");
  for (int round = 0; round < 2; ++round) {  // start() begins anew
    ASSERT_TRUE(s.start(Ids{2, 3, 1}).has_value());
    const auto first = s.next(2);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(std::vector<float>(first->begin(), first->end()), (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}));
    const auto second = s.next(1);
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(std::vector<float>(second->begin(), second->end()), (std::vector<float>{8, 9, 10, 11}));
  }
}

TEST_F(SavedLogitsTest, AnotherTextIsRefusedWhereItParts) {
  const auto saved = SavedLogits::open(save({2, 3, 1}, 3, 4));
  ASSERT_TRUE(saved.has_value());
  for (const auto& [ids, words] : std::vector<std::pair<Ids, std::string>>{
           {{2, 0, 1}, "position 1 it has id 3, the text has id 0"},
           {{2, 3}, "position 2 it has id 1, the text has nothing (3 ids against 2)"},
           {{2, 3, 1, 1}, "position 3 it has nothing, the text has id 1"},
           {{}, "position 0 it has id 2, the text has nothing"}}) {
    const auto started = (*saved)->start(ids);
    ASSERT_FALSE(started.has_value());
    EXPECT_NE(started.error().to_string().find(words), std::string::npos) << started.error().to_string();
  }
}

TEST_F(SavedLogitsTest, FilesThatDoNotFit) {
  EXPECT_NE(error_of(save({2, 3, 1}, 1, 4)).find("1 rows for 3 ids"), std::string::npos);
  EXPECT_NE(error_of(save({2, 4}, 2, 4)).find("4 is no token id of its 4 logits"), std::string::npos);
  EXPECT_NE(error_of(save({-1, 2}, 2, 4)).find("-1 is no token id"), std::string::npos);
  std::vector<formats::OwnedTensor> lone;
  const std::vector<float> zero = {0};
  lone.emplace_back("logits", std::vector<std::int64_t>{1, 1}, std::span<const float>(zero));
  EXPECT_NE(error_of(write(lone)).find("has no tensor \"ids\""), std::string::npos);
  EXPECT_NE(error_of(folder_ / "none").find("none"), std::string::npos);
}

TEST_F(SavedLogitsTest, IsOne) {
  EXPECT_TRUE(SavedLogits::is_one(save({1}, 1, 2)));
  EXPECT_FALSE(SavedLogits::is_one(folder_));
  EXPECT_FALSE(SavedLogits::is_one(folder_ / "none"));
  std::ofstream(folder_ / "text") << "not a safetensors file";
  EXPECT_FALSE(SavedLogits::is_one(folder_ / "text"));
  fs::resize_file(folder_ / "saved.safetensors", fs::file_size(folder_ / "saved.safetensors") - 1);
  EXPECT_TRUE(SavedLogits::is_one(folder_ / "saved.safetensors"));  // so that opening it says what is broken
  EXPECT_NE(error_of(folder_ / "saved.safetensors"), "");
  const fs::path model = fs::path(CARAT_SOURCE_DIR) / "tests/golden/text/e2b/model.safetensors";
  EXPECT_FALSE(SavedLogits::is_one(model));
}

}  // namespace
}  // namespace carat::eval
