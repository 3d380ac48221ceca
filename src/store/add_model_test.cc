#include "store/add_model.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>

namespace carat::store {
namespace {

namespace fs = std::filesystem;

class AddModelTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/carat-add-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    Environment environment;
    environment.home = folder_ / "home";
    auto store = ModelStore::open(environment);
    ASSERT_TRUE(store) << store.error().to_string();
    store_.emplace(*std::move(store));
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path file(const std::string& name, const std::string& text = "weights") {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  static std::string text_of(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Result<StoredModel> add(const std::string& name, const std::vector<fs::path>& files, bool copy = false) {
    auto parsed = ModelName::parse(name);
    EXPECT_TRUE(parsed);
    return add_model(*store_, *parsed, files, {.copy = copy});
  }
  std::vector<std::string> entries() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(store_->models_dir())) names.push_back(entry.path().filename());
    return names;
  }

  fs::path folder_;
  std::optional<ModelStore> store_;
};

TEST(ModelName, OnlyWhatIsAFileNameEverywhere) {
  for (const char* good : {"a", "gemma-4-e2b", "A.b_c-d", "7b"}) EXPECT_TRUE(ModelName::parse(good)) << good;
  const std::string bad[] = {"",
                             ".",
                             "..",
                             "../x",
                             "a/b",
                             "a\\b",
                             "-rf",
                             ".hidden",
                             "_x",
                             "a b",
                             "a\n",
                             "ä",
                             std::string("a\0b", 3),
                             std::string(97, 'a'),
                             "C:x",
                             "a:b",
                             "a%2fb"};
  for (const std::string& name : bad)
    EXPECT_EQ(ModelName::parse(name).error().code(), ErrorCode::kInvalidArgument) << name;
  EXPECT_TRUE(ModelName::parse(std::string(96, 'a')));
}

TEST_F(AddModelTest, AFileByReference) {
  const auto model = add("mine", {file("downloads/model.gguf")});
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_TRUE(model->linked);
  EXPECT_EQ(text_of(model->path), "weights");
  EXPECT_EQ(fs::read_symlink(model->entry), folder_ / "downloads/model.gguf");
  EXPECT_EQ(*store_->resolve("mine"), store_->models_dir() / "mine.gguf");
  EXPECT_EQ(own_bytes(*model), 0u);

  fs::remove(folder_ / "downloads/model.gguf");
  const auto broken = store_->find("mine");
  ASSERT_TRUE(broken);
  EXPECT_TRUE(broken->broken);
  const auto resolved = store_->resolve("mine");
  EXPECT_EQ(resolved.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(resolved.error().to_string().find("downloads/model.gguf"), std::string::npos);
  EXPECT_FALSE(store_->default_model());
  EXPECT_TRUE(remove_model(*broken));
  EXPECT_TRUE(entries().empty());
}

TEST_F(AddModelTest, ACopyKeepsItsBytes) {
  std::uint64_t last = 0, all = 0;
  const auto name = ModelName::parse("mine");
  const auto model = add_model(*store_, *name, {file("model.gguf", std::string(3 << 20, 'x'))},
                               {.copy = true, .progress = [&](std::uint64_t done, std::uint64_t total) {
                                  EXPECT_GT(done, last);
                                  last = done;
                                  all = total;
                                }});
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(last, 3u << 20);
  EXPECT_EQ(all, 3u << 20);
  fs::remove(folder_ / "model.gguf");
  EXPECT_FALSE(model->linked);
  EXPECT_EQ(text_of(model->path).size(), 3u << 20);
  EXPECT_EQ(own_bytes(*model), 3u << 20);
  EXPECT_EQ(entries(), std::vector<std::string>{"mine.gguf"});
}

TEST_F(AddModelTest, AFolder) {
  file("hf/config.json", "{}");
  file("hf/sub/x", "12");
  const auto link = add("by-reference", {folder_ / "hf"});
  ASSERT_TRUE(link) << link.error().to_string();
  EXPECT_TRUE(link->linked);
  const auto copy = add("copied", {folder_ / "hf"}, true);
  ASSERT_TRUE(copy) << copy.error().to_string();
  EXPECT_FALSE(copy->linked);
  EXPECT_EQ(own_bytes(*copy), 4u);
  EXPECT_EQ(text_of(copy->path / "sub/x"), "12");
  EXPECT_TRUE(remove_model(*copy));
  EXPECT_TRUE(remove_model(*link));
  EXPECT_EQ(text_of(folder_ / "hf/config.json"), "{}") << "what a reference led to is never touched";
}

TEST_F(AddModelTest, PartsAndCompanions) {
  for (const bool copy : {false, true}) {
    const auto model =
        add("split",
            {file("s-00001-of-00002.gguf", "1"), file("s-00002-of-00002.gguf", "2"), file("mmproj-s.gguf", "3")}, copy);
    ASSERT_TRUE(model) << model.error().to_string();
    EXPECT_EQ(model->path, store_->models_dir() / "split" / "s-00001-of-00002.gguf");
    EXPECT_EQ(model->linked, !copy);
    EXPECT_EQ(text_of(store_->models_dir() / "split" / "s-00002-of-00002.gguf"), "2");
    EXPECT_EQ(store_->list()->size(), 1u);
    EXPECT_TRUE(remove_model(*model));
    EXPECT_TRUE(entries().empty());
  }
}

TEST_F(AddModelTest, PartsThatLieInTheModelsFolderGoTogether) {
  for (const char* name : {"s-00001-of-00002.gguf", "s-00002-of-00002.gguf", "other-00001-of-00002.gguf"}) {
    std::ofstream(store_->models_dir() / name) << "123";
  }
  const auto model = store_->find("s");
  ASSERT_TRUE(model);
  EXPECT_EQ(own_bytes(*model), 6u);
  EXPECT_TRUE(remove_model(*model));
  EXPECT_EQ(entries(), std::vector<std::string>{"other-00001-of-00002.gguf"});
}

TEST_F(AddModelTest, AHubsCacheIsCopiedByItsNames) {
  const fs::path blob = file("hub/blobs/0123", "{}");
  fs::create_directories(folder_ / "hub/snapshots/abc");
  fs::create_symlink("../../blobs/0123", folder_ / "hub/snapshots/abc/config.json");
  file("hub/snapshots/abc/.git/lfs/huge", "no");
  file("hub/snapshots/abc/model.carat-packed", "no");
  const auto model = add("hub", {folder_ / "hub/snapshots/abc"}, true);
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(text_of(store_->models_dir() / "hub/config.json"), "{}");
  EXPECT_EQ(own_bytes(*model), 2u) << "neither hidden files nor packed copies";
  EXPECT_EQ(entries(), std::vector<std::string>{"hub"});
}

TEST_F(AddModelTest, NothingIsEverReplaced) {
  const fs::path good = file("model.gguf");
  ASSERT_TRUE(add("x", {good}, true));
  for (const char* name : {"x.gguf", "mmproj-x", "mtp-x", "x-00002-of-00002", "x.carat-packed"}) {
    EXPECT_EQ(ModelName::parse(name).error().code(), ErrorCode::kInvalidArgument) << name;
  }
  // A folder that is no model has no name in the list, and stays all the same.
  fs::create_directories(store_->models_dir() / "notes");
  file("hf/config.json", "{}");
  EXPECT_EQ(add("notes", {folder_ / "hf"}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(text_of(store_->models_dir() / "x.gguf"), "weights");
}

TEST_F(AddModelTest, WhatAKilledCopyLeftGoesWithTheNext) {
  fs::create_directories(store_->models_dir() / ".add-abcdef");
  std::ofstream(store_->models_dir() / ".add-abcdef" / "model") << "half";
  ASSERT_TRUE(add("x", {file("model.gguf")}));
  EXPECT_EQ(entries(), std::vector<std::string>{"x.gguf"});
}

TEST_F(AddModelTest, RefusalsLeaveNothing) {
  const fs::path good = file("model.gguf");
  EXPECT_EQ(add("x", {folder_ / "nowhere.gguf"}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(add("x", {good, file("b/model.gguf")}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(add("x", {good, folder_}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(add("x", {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(add("x", {good, file("other.gguf")}).error().code(), ErrorCode::kInvalidArgument) << "two models";
  EXPECT_TRUE(entries().empty());
  ASSERT_TRUE(add("x", {good}));
  EXPECT_EQ(add("x", {good}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(entries(), std::vector<std::string>{"x.gguf"});
}

}  // namespace
}  // namespace carat::store
