#include "cli/term/line_history.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

namespace carat::cli {
namespace {

std::filesystem::path fresh_path(const char* name) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "carat-history" / name;
  std::filesystem::remove_all(folder);
  return folder / "history";
}

std::vector<std::string> loaded(const std::filesystem::path& path) {
  LineHistory history(path);
  EXPECT_TRUE(history.load());
  return history.entries();
}

TEST(LineHistory, ComesBack) {
  const auto path = fresh_path("back");
  LineHistory history(path);
  ASSERT_TRUE(history.load()) << "no file yet";
  for (const char* entry : {"one", "two\nlines \"quoted\" \xc3\xa9", "two\nlines \"quoted\" \xc3\xa9", "", "one"}) {
    ASSERT_TRUE(history.append(entry));
  }
  EXPECT_EQ(loaded(path), (std::vector<std::string>{"one", "two\nlines \"quoted\" \xc3\xa9", "one"}));
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(LineHistory, IsBounded) {
  const auto path = fresh_path("bounded");
  LineHistory history(path);
  for (std::size_t i = 0; i < 2 * LineHistory::kMaxEntries; ++i) ASSERT_TRUE(history.append(std::to_string(i)));
  ASSERT_TRUE(history.append(std::string(LineHistory::kMaxEntryBytes + 1, 'x')));
  const auto entries = loaded(path);
  ASSERT_EQ(entries.size(), LineHistory::kMaxEntries);
  EXPECT_EQ(entries.back(), std::to_string(2 * LineHistory::kMaxEntries - 1));
  std::ifstream file(path);
  std::string line;
  std::size_t n = 0;
  while (std::getline(file, line)) ++n;
  EXPECT_EQ(n, LineHistory::kMaxEntries) << "the file was cut too";
}

TEST(LineHistory, LeavesOutWhatIsNotItsOwn) {
  const auto path = fresh_path("foreign");
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << "\"good\"\nnot json\n{\"a\": 1}\n[\n\"half";
  EXPECT_EQ(loaded(path), std::vector<std::string>{"good"});
}

TEST(LineHistory, HalfALineSwallowsNoOther) {
  const auto path = fresh_path("half");
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << "\"good\"\n\"half";
  LineHistory history(path);
  ASSERT_TRUE(history.load());
  ASSERT_TRUE(history.append("next"));
  EXPECT_EQ(loaded(path), (std::vector<std::string>{"good", "next"}));
}

TEST(LineHistory, AFileThatIsTooLargeIsCut) {
  const auto path = fresh_path("large");
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << "\"old\"\n";
  std::filesystem::resize_file(path, std::uintmax_t{65} << 20);
  std::ofstream(path, std::ios::app) << "\n\"good\"\n";
  EXPECT_EQ(loaded(path), std::vector<std::string>{"good"});
  EXPECT_LT(std::filesystem::file_size(path), 100u);
}

TEST(LineHistory, TwoAtATimeLoseNothing) {
  const auto path = fresh_path("two");
  constexpr int kAll = 10 * LineHistory::kMaxEntries;
  std::atomic<bool> done{false};
  int n_gaps = 0;
  std::thread other([&] {
    while (!done) {
      const auto entries = loaded(path);  // cuts the file when it is time
      for (std::size_t i = 1; i < entries.size(); ++i) {
        n_gaps += std::stoi(entries[i]) != std::stoi(entries[i - 1]) + 1 ? 1 : 0;
      }
    }
  });
  LineHistory history(path);
  for (int i = 0; i < kAll; ++i) EXPECT_TRUE(history.append(std::to_string(i)));
  done = true;
  other.join();
  EXPECT_EQ(n_gaps, 0);
  EXPECT_EQ(loaded(path).back(), std::to_string(kAll - 1));
}

TEST(LineHistory, WithoutAPathNothingIsWritten) {
  LineHistory history({});
  ASSERT_TRUE(history.load());
  ASSERT_TRUE(history.append("one"));
  EXPECT_EQ(history.entries(), std::vector<std::string>{"one"});
}

TEST(LineHistory, AnUnwritableFileIsAnError) {
  LineHistory history("/proc/carat/history");
  EXPECT_FALSE(history.append("one"));
  EXPECT_EQ(history.entries().size(), 1u) << "remembered all the same";
}

}  // namespace
}  // namespace carat::cli
