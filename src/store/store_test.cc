#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "store/model_store.h"
#include "store/near_miss.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string form = ::testing::TempDir() + "carat-store-XXXXXX";
    ASSERT_NE(mkdtemp(form.data()), nullptr);
    root_ = form;
    environment_.home = (root_ / "home" / "ada").string();  // does not exist yet
  }
  void TearDown() override { fs::remove_all(root_); }

  ModelStore open() {
    auto store = ModelStore::open(environment_);
    EXPECT_TRUE(store.has_value());
    return std::move(store).value();
  }
  void add_file(const std::string& name) { std::ofstream(open().models_dir() / name) << "x"; }
  void add_folder(const std::string& name) {
    fs::create_directories(open().models_dir() / name);
    std::ofstream(open().models_dir() / name / "config.json") << "{}";
  }

  fs::path root_;
  Environment environment_;
};

TEST_F(StoreTest, FollowsXdg) {
  EXPECT_EQ(*data_dir({"/xdg", "/home/ada", ""}), "/xdg/carat");
  EXPECT_EQ(*data_dir({"", "/home/ada", ""}), "/home/ada/.local/share/carat") << "empty counts as unset";
  EXPECT_EQ(*data_dir({"relative", "/home/ada", ""}), "/home/ada/.local/share/carat");
  EXPECT_EQ(data_dir({"", "", ""}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(StoreTest, CreatesAMissingHomePrivately) {
  const ModelStore store = open();
  EXPECT_EQ(store.models_dir(), root_ / "home/ada/.local/share/carat/models");
  for (const char* part : {"home", "home/ada/.local/share/carat", "home/ada/.local/share/carat/models"}) {
    struct stat info {};
    ASSERT_EQ(stat((root_ / part).c_str(), &info), 0) << part;
    EXPECT_EQ(info.st_mode & 0777, 0700U) << part;
  }
}

TEST_F(StoreTest, NamesTheFolderItCannotCreate) {
  std::ofstream(root_ / "file") << "x";
  environment_.xdg_data_home = (root_ / "file").string();
  const auto store = ModelStore::open(environment_);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code(), ErrorCode::kIo);
  EXPECT_NE(store.error().to_string().find((root_ / "file/carat").string()), std::string::npos)
      << store.error().to_string();
}

TEST_F(StoreTest, ListsModelsByName) {
  add_file("b.gguf");
  add_file("a-00001-of-00002.gguf");
  add_file("a-00002-of-00002.gguf");
  add_file("mmproj-b.gguf");
  add_file("notes.txt");
  add_file(".hidden.gguf");
  add_folder("folder");
  fs::create_directories(open().models_dir() / "empty");
  const auto models = open().list();
  ASSERT_TRUE(models.has_value());
  ASSERT_EQ(models->size(), 3U);
  EXPECT_EQ(models.value()[0].name, "a");
  EXPECT_EQ(models.value()[0].path.filename(), "a-00001-of-00002.gguf");
  EXPECT_EQ(models.value()[1].name, "b");
  EXPECT_EQ(models.value()[2].name, "folder");
}

TEST_F(StoreTest, ResolvesPathsAndNames) {
  add_file("gemma-3-270m.gguf");
  const fs::path in_store = open().models_dir() / "gemma-3-270m.gguf";
  EXPECT_EQ(*open().resolve(in_store.string()), in_store);
  EXPECT_EQ(*open().resolve("gemma-3-270m"), in_store);
  EXPECT_EQ(*open().resolve("gemma-3-270m.gguf"), in_store);
}

TEST_F(StoreTest, SuggestsNearMisses) {
  add_file("gemma-3-270m.gguf");
  add_file("gemma-4-e2b.gguf");
  const auto typo = open().resolve("gema-3-270m");
  ASSERT_FALSE(typo.has_value());
  EXPECT_EQ(typo.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(typo.error().to_string().find("did you mean gemma-3-270m?"), std::string::npos) << typo.error().to_string();
  const auto other = open().resolve("llama");
  ASSERT_FALSE(other.has_value());
  EXPECT_NE(other.error().to_string().find("which has gemma-3-270m, gemma-4-e2b"), std::string::npos)
      << other.error().to_string();
  const auto path = open().resolve("some/where.gguf");
  ASSERT_FALSE(path.has_value());
  EXPECT_NE(path.error().to_string().find("check the path"), std::string::npos);
}

TEST_F(StoreTest, ChoosesTheDefault) {
  const auto none = open().default_model();
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code(), ErrorCode::kNotFound);
  add_file("one.gguf");
  EXPECT_EQ(open().default_model()->filename(), "one.gguf");
  add_file("two.gguf");
  const auto two = open().default_model();
  ASSERT_FALSE(two.has_value());
  EXPECT_NE(two.error().to_string().find("one, two"), std::string::npos) << two.error().to_string();
  environment_.carat_model = "two";
  EXPECT_EQ(open().default_model()->filename(), "two.gguf");
  environment_.carat_model = "three";
  const auto wrong = open().default_model();
  ASSERT_FALSE(wrong.has_value());
  EXPECT_TRUE(wrong.error().to_string().starts_with("CARAT_MODEL: three")) << wrong.error().to_string();
}

TEST(NearMisses, AreClosestFirst) {
  const std::vector<std::string> names = {"gemma-4-e2b", "gemma-4-e4b", "phi", "GEMMA-4-E2"};
  EXPECT_EQ(near_misses("gemma-4-e2b-it", names),
            (std::vector<std::string>{"GEMMA-4-E2", "gemma-4-e2b", "gemma-4-e4b"}));
  EXPECT_EQ(near_misses("hpi", names), std::vector<std::string>{"phi"}) << "neighbours swapped";
  EXPECT_TRUE(near_misses("zzz", names).empty());
  EXPECT_TRUE(near_misses("", names).empty());
}

}  // namespace
}  // namespace carat::store
