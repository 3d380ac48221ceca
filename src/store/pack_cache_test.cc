#include "store/pack_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace carat::store {
namespace {

namespace fs = std::filesystem;

// In this test a copy is a file that begins with P.
bool is_copy(const fs::path& path) { return std::ifstream(path).peek() == 'P'; }

class PackCacheTest : public ::testing::Test {
 protected:
  PackCacheTest() {
    std::string form = ::testing::TempDir() + "carat-pack-XXXXXX";
    root_ = fs::canonical(mkdtemp(form.data()));
    environment_.home = (root_ / "home").string();
    fs::create_directories(root_ / "models");
    model_ = root_ / "models/m.gguf";
    write(model_, "a model");
  }
  ~PackCacheTest() override { fs::remove_all(root_); }

  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  // A copy of `n` bytes, used `age` seconds ago.
  static void write_copy(const fs::path& path, std::size_t n, int age) {
    write(path, std::string(n, 'P'));
    const timespec then{time(nullptr) - age, 0};
    const timespec times[2] = {then, then};
    utimensat(AT_FDCWD, path.c_str(), times, 0);
  }
  PackCache cache() const { return PackCache(environment_, is_copy); }

  fs::path root_, model_;
  Environment environment_;
};

TEST_F(PackCacheTest, KnowsWhereCopiesAre) {
  EXPECT_EQ(PackCache::beside(model_), root_ / "models/m.gguf.carat-packed");
  EXPECT_EQ(PackCache::beside(root_ / "models"), root_ / "models/model.carat-packed");
  fs::create_symlink(model_, root_ / "link.gguf");
  EXPECT_EQ(PackCache::beside(root_ / "link.gguf"), PackCache::beside(model_)) << "the copy is the file's";
  EXPECT_EQ(cache().dir(), root_ / "home/.cache/carat/packed");
  const fs::path in_dir = cache().in_dir(model_);
  EXPECT_EQ(in_dir.parent_path(), cache().dir());
  EXPECT_TRUE(in_dir.filename().string().starts_with("m-")) << in_dir;
  EXPECT_EQ(in_dir, cache().in_dir(root_ / "models/../models/m.gguf"));
  write(root_ / "m.gguf", "another");
  EXPECT_NE(in_dir, cache().in_dir(root_ / "m.gguf")) << "the same name elsewhere";
  environment_.xdg_cache_home = "/xdg";
  EXPECT_EQ(cache().dir(), "/xdg/carat/packed");
  EXPECT_TRUE(PackCache({}, is_copy).in_dir(model_).empty()) << "no home folder";
  EXPECT_FALSE(fs::exists(root_ / "home")) << "nothing is created by looking";
}

TEST_F(PackCacheTest, ListsCopiesInItAndBesideModels) {
  const fs::path& model = model_;
  write_copy(PackCache::beside(model), 10, 60);
  cache().remember(PackCache::beside(model), model);
  struct stat info {};
  ASSERT_EQ(stat(cache().dir().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  write_copy(cache().dir() / "other-0.carat-packed", 20, 5);
  write(cache().dir() / "foreign-0.carat-packed", "not a copy");
  write(cache().dir() / "notes.txt", "P");
  write(cache().dir() / "other-0.carat-packed.part-abcdef", "left by a dead process");
  auto list = cache().list();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].path.filename(), "other-0.carat-packed");
  EXPECT_EQ(list[0].n_bytes, 20U);
  EXPECT_EQ(list[1].path, PackCache::beside(model));
  EXPECT_FALSE(fs::exists(cache().dir() / "other-0.carat-packed.part-abcdef"));
  PackCache::touch(PackCache::beside(model));
  EXPECT_EQ(cache().list()[0].path, PackCache::beside(model));

  ASSERT_TRUE(cache().remove(list[1]));
  EXPECT_FALSE(fs::exists(PackCache::beside(model)));
  EXPECT_TRUE(fs::exists(model));
  EXPECT_EQ(cache().list().size(), 1U);
  EXPECT_FALSE(fs::is_symlink(cache().in_dir(model))) << "the link goes when its copy is gone";
}

TEST_F(PackCacheTest, TrimsWhatWasUsedLongestAgo) {
  fs::create_directories(cache().dir());
  for (int i = 0; i < 5; ++i) {
    write_copy(cache().dir() / (std::to_string(i) + "-0.carat-packed"), 100, 10 * i);
  }
  EXPECT_TRUE(cache().trim(500, "").empty());
  const auto removed = cache().trim(250, cache().dir() / "4-0.carat-packed");
  ASSERT_EQ(removed.size(), 3U);
  EXPECT_EQ(removed[0].path.filename(), "3-0.carat-packed");
  EXPECT_TRUE(fs::exists(cache().dir() / "4-0.carat-packed")) << "the one that was just written";
  EXPECT_TRUE(fs::exists(cache().dir() / "0-0.carat-packed"));
}

TEST_F(PackCacheTest, NeverRemovesWhatIsNoCopy) {
  fs::create_directories(cache().dir());
  write(root_ / "precious", "text");
  ASSERT_TRUE(cache().remove({root_ / "precious", 4, 0}));
  fs::create_symlink(root_ / "precious", cache().dir() / "x-0.carat-packed");
  EXPECT_TRUE(cache().list().empty());
  EXPECT_TRUE(cache().trim(0, "").empty());
  EXPECT_TRUE(fs::exists(root_ / "precious"));
}

}  // namespace
}  // namespace carat::store
