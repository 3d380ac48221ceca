#include "formats/packed/packed_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <random>

#include "formats/files_testing.h"
#include "formats/packed/packed_layout.h"
#include "formats/packed/packed_writer.h"

namespace carat::formats {
namespace {

namespace fs = std::filesystem;

class PackedFileTest : public ::testing::Test {
 protected:
  PackedFileTest() {
    std::mt19937 rng(1);
    for (const std::size_t n : {3'000'000, 5, 4096, 2'200'000, 0}) {
      auto& section = sections_.emplace_back(n);
      for (std::byte& b : section) b = static_cast<std::byte>(rng());
    }
    write();
    whole_ = read_text(path_);
  }

  void write() {
    auto out = PackedWriter::create(path_, 5'300'000);
    ASSERT_TRUE(out) << out.error().to_string();
    for (std::size_t i = 0; i < sections_.size(); ++i) ASSERT_TRUE(out->add(name(i), sections_[i]));
    ASSERT_TRUE(out->commit(origin_, stamp_, 0640));
  }
  static std::string name(std::size_t i) { return "section " + std::to_string(9 - i); }

  // What a start does. Empty = all of it can be used.
  std::string problem() {
    const auto file = PackedFile::open(path_);
    if (!file) return file.error().to_string();
    const auto verified = file->verify(pool_);
    return verified ? "" : verified.error().to_string();
  }

  TempDir folder_;
  fs::path path_ = folder_ / "m.carat-packed";
  ThreadPool pool_{2};
  std::vector<std::vector<std::byte>> sections_;
  PackedOrigin origin_{7, {11, 12}, "the model", "/models/m.gguf"};
  std::vector<FileIdentity> stamp_{{1, 2, 3, 4}, {5, 6, 7, 8}};
  std::string whole_;
};

TEST_F(PackedFileTest, GivesBackWhatWasWritten) {
  const auto file = PackedFile::open(path_);
  ASSERT_TRUE(file) << file.error().to_string();
  EXPECT_EQ(file->origin().layout_version, 7U);
  EXPECT_EQ(file->origin().source_hash, origin_.source_hash);
  EXPECT_EQ(file->origin().model_name, "the model");
  EXPECT_EQ(file->origin().model_path, "/models/m.gguf");
  EXPECT_EQ(file->stamp(), stamp_);
  EXPECT_EQ(file->n_bytes(), whole_.size());
  ASSERT_TRUE(file->verify(pool_));
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const auto bytes = file->find(name(i));
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), sections_[i].begin(), sections_[i].end())) << i;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % kPackedAlignment, 0U);
    EXPECT_TRUE(file->verify(bytes));
  }
  EXPECT_TRUE(file->find("section 1").empty());
  EXPECT_TRUE(PackedFile::is_one(path_));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);
  write();
  EXPECT_EQ(read_text(path_), whole_) << "the bytes depend on the contents only";
}

TEST_F(PackedFileTest, IsRefusedWhenTorn) {
  std::vector<std::size_t> ends = {0, 1, 7, 8, sizeof(PackedHeader) - 1, sizeof(PackedHeader), 4096, 8191, 8192};
  const auto file = PackedFile::open(path_);
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const auto begin = static_cast<std::size_t>(file->find(name(i)).data() - file->find(name(0)).data()) + 8192;
    for (const std::size_t at : {begin, begin + sections_[i].size()}) ends.insert(ends.end(), {at - 1, at, at + 1});
  }
  for (std::size_t n = 1; n < 600; n += 60) ends.push_back(whole_.size() - n);
  for (const std::size_t end : ends) {
    write_text(path_, whole_.substr(0, end));
    EXPECT_NE(problem(), "") << end;
    // A file system that lost the tail's data, but not its length.
    std::string holes = whole_.substr(0, end);
    holes.resize(whole_.size(), '\0');
    if (holes == whole_) continue;
    write_text(path_, holes);
    EXPECT_NE(problem(), "") << end;
  }
}

TEST_F(PackedFileTest, NoFlippedBitIsUsed) {
  std::mt19937 rng(2);
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < sizeof(PackedHeader); ++at) places.push_back(at);
  for (int i = 0; i < 100; ++i) places.push_back(kPackedPayloadOffset + rng() % (whole_.size() - kPackedPayloadOffset));
  for (std::size_t n = 1; n <= 600; n += 20) places.push_back(whole_.size() - n);  // the index
  for (const std::size_t at : places) {
    std::string bytes = whole_;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng() % 8));
    write_text(path_, bytes);
    const std::string said = problem();
    EXPECT_NE(said, "") << at;
    EXPECT_NE(said.find(path_.string()), std::string::npos) << said;
  }
}

TEST_F(PackedFileTest, AFlippedStampIsForgotten) {
  std::string bytes = whole_;
  bytes[kPackedStampOffset + 30] ^= 1;
  write_text(path_, bytes);
  EXPECT_EQ(problem(), "");
  EXPECT_TRUE(PackedFile::open(path_)->stamp().empty());
}

TEST_F(PackedFileTest, RemembersAnotherStampInPlace) {
  const auto file = PackedFile::open(path_);
  const std::vector<FileIdentity> other{{9, 9, 9, 9}};
  file->write_stamp(other);
  EXPECT_EQ(PackedFile::open(path_)->stamp(), other);
  EXPECT_EQ(problem(), "");
  file->write_stamp(std::vector<FileIdentity>(1000));
  EXPECT_TRUE(PackedFile::open(path_)->stamp().empty()) << "more files than the page holds: hashed every time";
}

TEST_F(PackedFileTest, KnowsForeignFilesAndOtherVersions) {
  write_text(path_, "somebody's notes");
  EXPECT_FALSE(PackedFile::is_one(path_));
  EXPECT_FALSE(PackedFile::is_one(folder_ / "nothing"));
  EXPECT_NE(problem(), "");
  write_text(path_, std::string(100'000, 'x'));
  EXPECT_EQ(PackedFile::open(path_).error().code(), ErrorCode::kUnsupported);
  std::string bytes = whole_;
  bytes[8] = kPackedFormatVersion + 1;
  write_text(path_, bytes);
  EXPECT_EQ(PackedFile::open(path_).error().code(), ErrorCode::kUnsupported);
  EXPECT_TRUE(PackedFile::is_one(path_));
}

TEST_F(PackedFileTest, AFullDiskIsOneErrorAndLeavesTheOldFile) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1 << 20, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  {
    auto out = PackedWriter::create(path_, 0);
    ASSERT_TRUE(out);
    Result<void> done;
    for (std::size_t i = 0; i < sections_.size() && done; ++i) done = out->add(name(i), sections_[i]);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kIo);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(problem(), "") << "the file of before";
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);
}

}  // namespace
}  // namespace carat::formats
