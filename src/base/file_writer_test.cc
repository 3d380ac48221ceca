#include "base/file_writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"

namespace carat {
namespace {

namespace fs = std::filesystem;

class FileWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string form = ::testing::TempDir() + "carat-writer-XXXXXX";
    ASSERT_NE(mkdtemp(form.data()), nullptr);
    folder_ = form;
    path_ = folder_ / "x.bin";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::size_t n_files() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {})); }

  fs::path folder_, path_;
};

TEST_F(FileWriterTest, AppearsWhenCommitted) {
  {
    auto out = FileWriter::create(path_);
    ASSERT_TRUE(out.has_value());
    ASSERT_TRUE(out->write("....def").has_value());
    ASSERT_TRUE(out->write_at(0, std::as_bytes(std::span("head", 4))).has_value());
    EXPECT_EQ(out->offset(), 7U);
    EXPECT_FALSE(fs::exists(path_));
    ASSERT_TRUE(out->commit({.mode = 0600, .sync = false}).has_value());
  }
  EXPECT_EQ(*read_file(path_, 100), "headdef");
  EXPECT_EQ(n_files(), 1U);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(FileWriterTest, LeavesNothingWithoutCommit) {
  { ASSERT_TRUE(FileWriter::create(path_)->write("x").has_value()); }
  EXPECT_EQ(n_files(), 0U);
}

TEST_F(FileWriterTest, ClearsWhatDeadProcessesLeft) {
  const pid_t child = fork();
  if (child == 0) {
    auto out = FileWriter::create(path_);
    (void)out->write("half");
    _exit(0);  // no destructor runs
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  ASSERT_EQ(n_files(), 1U);
  std::ofstream(folder_ / "other.bin.part-abcdef") << "another file's";
  EXPECT_FALSE(FileWriter::clear_abandoned(path_));
  EXPECT_EQ(n_files(), 1U);
  EXPECT_TRUE(fs::exists(folder_ / "other.bin.part-abcdef"));
}

TEST_F(FileWriterTest, SparesWhatIsBeingWritten) {
  auto out = FileWriter::create(path_);
  EXPECT_TRUE(FileWriter::clear_abandoned(path_));
  ASSERT_TRUE(out->write("whole").has_value());
  ASSERT_TRUE(out->commit().has_value());
  EXPECT_FALSE(FileWriter::clear_abandoned(path_));
  EXPECT_EQ(*read_file(path_, 100), "whole");
}

TEST_F(FileWriterTest, MappingKnowsWhichFileItIs) {
  const std::string text(5 << 20, 'x');
  std::ofstream(path_) << text;
  const auto first = MappedFile::open(path_), again = MappedFile::open(path_, MappedFile::Access::kStreamed);
  EXPECT_EQ(first->identity(), again->identity());
  EXPECT_EQ(first->identity().size, text.size());
  EXPECT_EQ(again->text(), text);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(again->bytes().data()) % (2 << 20), 0U);
  std::ofstream(folder_ / "y") << text;
  fs::rename(folder_ / "y", path_);
  EXPECT_NE(MappedFile::open(path_)->identity(), first->identity());
  EXPECT_EQ(first->text(), text) << "the old file lives on";
}

}  // namespace
}  // namespace carat
