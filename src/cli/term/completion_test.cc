#include "cli/term/completion.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace carat::cli {
namespace {

TEST(CommonCompletion, AddsWhatAllShare) {
  EXPECT_EQ(common_completion({2, {"/stats"}}, "/s"), "tats");
  EXPECT_EQ(common_completion({2, {"/save", "/stats", "/system"}}, "/s"), "");
  EXPECT_EQ(common_completion({4, {"src/cli/", "src/client"}}, "/file src/"), "cli");
  EXPECT_EQ(common_completion({0, {}}, "x"), "");
  EXPECT_EQ(common_completion({1, {"aé", "aè"}}, "a"), "") << "not half a character";
}

TEST(CompleteFile, FindsFilesAndFolders) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "carat-complete";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "docs");
  for (const char* name : {"draft.txt", "data.csv", ".hidden", "bad\x1b[2Jname"}) std::ofstream(folder / name) << "x";
  const std::string base = folder.string() + "/";
  EXPECT_EQ(complete_file(base + "d", "").candidates,
            (std::vector<std::string>{base + "data.csv", base + "docs/", base + "draft.txt"}));
  EXPECT_EQ(complete_file(base + ".h", "").candidates, std::vector<std::string>{base + ".hidden"});
  EXPECT_TRUE(complete_file(base + "bad", "").candidates.empty()) << "a name that drives the terminal";
  EXPECT_EQ(complete_file("~/dr", folder.string()).candidates, std::vector<std::string>{"~/draft.txt"});
  EXPECT_TRUE(complete_file(base + "nowhere/x", "").candidates.empty());
}

}  // namespace
}  // namespace carat::cli
