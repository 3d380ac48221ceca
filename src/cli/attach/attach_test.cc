#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/attach/attachments.h"
#include "cli/attach/gitignore.h"
#include "cli/attach/repo_files.h"

namespace carat::cli {
namespace {

namespace fs = std::filesystem;
using Verdict = Gitignore::Verdict;

TEST(GlobMatch, AsFnmatchDoes) {
  const struct {
    const char *pattern, *name;
    bool matches;
  } kCases[] = {
      {"*.o", "a.o", true},    {"*.o", ".o", true},
      {"*.o", "a.oo", false},  {"a?c", "abc", true},
      {"a?c", "ac", false},    {"[a-c]x", "bx", true},
      {"[a-c]x", "dx", false}, {"[!a-c]x", "dx", true},
      {"[^a]", "a", false},    {"[]]", "]", true},
      {"[a", "[a", false},     {"\\*", "*", true},
      {"\\*", "a", false},     {"*a*b*", "xxaxxbxx", true},
      {"*a*b*", "bba", false}, {"", "", true},
      {"", "a", false},        {"*", "", true},
      {"[a-]", "-", true},     {"[\\]]", "]", true},
      {"a**b", "axxb", true},  {"x*", "x", true},
      {"[z-a]", "m", false},   {"\\", "\\", true},
  };
  for (const auto& c : kCases) EXPECT_EQ(glob_match(c.pattern, c.name), c.matches) << c.pattern << " " << c.name;
}

TEST(GlobMatch, HostilePatternsAreNotSlow) {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "*a";
  const std::string name(20000, 'a');
  EXPECT_FALSE(glob_match(pattern + "*b", name));
}

TEST(Gitignore, PatternsOfTheManual) {
  const struct {
    const char *rules, *path;
    bool folder;
    Verdict verdict;
  } kCases[] = {
      {"hello.*", "hello.txt", false, Verdict::kIgnored},
      {"hello.*", "a/hello.java", false, Verdict::kIgnored},
      {"/hello.*", "a/hello.java", false, Verdict::kNone},
      {"foo/", "foo", true, Verdict::kIgnored},
      {"foo/", "foo", false, Verdict::kNone},
      {"foo/", "a/foo", true, Verdict::kIgnored},
      {"doc/frotz", "doc/frotz", false, Verdict::kIgnored},
      {"doc/frotz", "a/doc/frotz", false, Verdict::kNone},
      {"foo/*", "foo/test.json", false, Verdict::kIgnored},
      {"foo/*", "foo/bar/hello.c", false, Verdict::kNone},
      {"**/foo", "a/b/foo", false, Verdict::kIgnored},
      {"**/foo", "foo", false, Verdict::kIgnored},
      {"**/foo/bar", "x/foo/bar", false, Verdict::kIgnored},
      {"abc/**", "abc/x/y", false, Verdict::kIgnored},
      {"abc/**", "abc", true, Verdict::kNone},
      {"a/**/b", "a/b", false, Verdict::kIgnored},
      {"a/**/b", "a/x/y/b", false, Verdict::kIgnored},
      {"*.log\n!keep.log", "keep.log", false, Verdict::kIncluded},
      {"!keep.log\n*.log", "keep.log", false, Verdict::kIgnored},
      {"# comment", "# comment", false, Verdict::kNone},
      {"\\#x", "#x", false, Verdict::kIgnored},
      {"\\!x", "!x", false, Verdict::kIgnored},
      {"a.txt   ", "a.txt", false, Verdict::kIgnored},
      {"a\\ ", "a ", false, Verdict::kIgnored},
      {"a.txt\r\nb", "a.txt", false, Verdict::kIgnored},
      {"\n\n/\n", "a", false, Verdict::kNone},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Gitignore(c.rules).verdict(c.path, c.folder), c.verdict) << c.rules << " " << c.path;
  }
}

class RepoTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/carat-repo-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path, std::ios::binary) << text;
  }

  std::vector<std::string> paths() {
    auto repo = read_repo(folder_);
    EXPECT_TRUE(repo) << repo.error().to_string();
    std::vector<std::string> paths;
    for (const auto& file : repo->files) paths.push_back(file.path);
    return paths;
  }

  fs::path folder_;
};

TEST_F(RepoTest, RulesOfNestedFiles) {
  write(".gitignore", "build/\n*.tmp\n!keep.tmp\n");
  write("README.md", "readme");
  write("empty.py", "");
  write("a.tmp", "x");
  write("keep.tmp", "x");
  write("build/out.c", "x");
  write("src/.gitignore", "/local.c\n!*.tmp\n");
  write("src/local.c", "x");
  write("src/deep/local.c", "x");
  write("src/b.tmp", "x");
  write(".git/config", "[core]");
  write(".git/info/exclude", "secret.txt\n");
  write("secret.txt", "x");
  EXPECT_EQ(paths(), (std::vector<std::string>{".gitignore", "README.md", "empty.py", "keep.tmp", "src/.gitignore",
                                               "src/b.tmp", "src/deep/local.c"}));
}

TEST_F(RepoTest, WhatIsNoTextIsCounted) {
  write("a.txt", "text");
  write("image.png", std::string("\x89PNG\0\0", 6));
  write("latin1.txt", "caf\xe9");
  write("large.txt", std::string(kMaxRepoFile + 1, 'x'));
  fs::create_symlink("/etc/passwd", folder_ / "link");
  fs::create_directory_symlink(folder_, folder_ / "loop");
  const auto repo = read_repo(folder_);
  ASSERT_TRUE(repo);
  EXPECT_EQ(repo->files.size(), 1u);
  EXPECT_EQ(repo->n_not_text, 2u);
  EXPECT_EQ(repo->n_too_large, 1u);
  EXPECT_EQ(repo->n_links, 2u);
}

TEST_F(RepoTest, MissingFolder) { EXPECT_EQ(read_repo(folder_ / "nowhere").error().code(), ErrorCode::kNotFound); }

TEST(Attachments, FencesAreLongerThanThoseInside) {
  EXPECT_EQ(quoted({"a.txt", "x\n"}), "File a.txt:\n```\nx\n```\n");
  EXPECT_EQ(quoted({"a.txt", "x"}), "File a.txt:\n```\nx\n```\n");
  EXPECT_EQ(quoted({"a.md", "````\nx\n````\n"}), "File a.md:\n`````\n````\nx\n````\n`````\n");
  EXPECT_EQ(with_attachments({{"a", "1\n"}, {"b", "2\n"}}, "why?"),
            "File a:\n```\n1\n```\n\nFile b:\n```\n2\n```\n\nwhy?");
}

}  // namespace
}  // namespace carat::cli
