#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace carat::cli {

/// The text files of a folder, as a person who asks about a repository means it.
struct RepoFiles {
  struct File {
    std::string path;  ///< relative to the folder
    std::string text;  ///< UTF-8
  };
  std::vector<File> files;      ///< sorted by path
  std::size_t n_ignored = 0;    ///< by .gitignore or .git/info/exclude; a folder counts once
  std::size_t n_links = 0;      ///< never followed: they may lead anywhere
  std::size_t n_not_text = 0;   ///< no UTF-8, or with zero bytes
  std::size_t n_too_large = 0;  ///< above kMaxRepoFile
  std::vector<std::string> unreadable;
};

inline constexpr std::uint64_t kMaxRepoFile = std::uint64_t{1} << 20;
inline constexpr std::size_t kMaxRepoFiles = 100'000;
inline constexpr std::uint64_t kMaxRepoBytes = std::uint64_t{256} << 20;

/// Every regular text file below `folder` that its .gitignore files and .git/info/exclude let through; .git never.
/// Errors: kNotFound when there is no such folder; kLimit above kMaxRepoFiles files or kMaxRepoBytes of text.
Result<RepoFiles> read_repo(const std::filesystem::path& folder);

}  // namespace carat::cli
