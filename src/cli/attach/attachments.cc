#include "cli/attach/attachments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/utf8.h"
#include "cli/attach/repo_files.h"
#include "cli/output.h"
#include "cli/term/safe_text.h"

namespace carat::cli {
namespace {

constexpr std::uint64_t kMaxFile = std::uint64_t{64} << 20;

/// The longest run of backticks in a text.
std::size_t longest_fence(std::string_view text) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::string left_out(const RepoFiles& repo) {
  std::vector<std::string> parts;
  const auto add = [&](std::size_t n, std::string_view what) {
    if (n > 0) parts.push_back(fmt::format("{} {}", n, what));
  };
  add(repo.n_ignored, "by .gitignore");
  add(repo.n_not_text, "that are no text");
  add(repo.n_too_large, fmt::format("above {} MiB", kMaxRepoFile >> 20));
  add(repo.n_links, "links");
  add(repo.unreadable.size(), "unreadable");
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Result<Attachment> read_attachment(const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, read_file(path, kMaxFile));
  if (text.empty()) return invalid_argument(fmt::format("--file {}: is empty; give a file that holds text", path));
  if (text.find('\0') != std::string::npos || !is_valid_utf8(text)) {
    return invalid_argument(fmt::format("{}: is no text in UTF-8; give a text file", path));
  }
  return Attachment{path, std::move(text)};
}

Result<std::vector<Attachment>> read_repo_attachments(const std::string& folder) {
  ASSIGN_OR_RETURN(RepoFiles repo, read_repo(folder));
  if (repo.files.empty()) {
    return invalid_argument(fmt::format("--repo {}: there is no text file in it{}", folder,
                                        left_out(repo).empty() ? "" : fmt::format(" (left out: {})", left_out(repo))));
  }
  if (const std::string out = left_out(repo); !out.empty()) say(fmt::format("{}: left out {}", folder, out));
  std::vector<Attachment> attachments;
  for (RepoFiles::File& file : repo.files) attachments.push_back({std::move(file.path), std::move(file.text)});
  return attachments;
}

std::string quoted(const Attachment& attachment) {
  const std::string fence(std::max<std::size_t>(3, longest_fence(attachment.text) + 1), '`');
  const std::string_view newline = attachment.text.empty() || attachment.text.back() == '\n' ? "" : "\n";
  return fmt::format("File {}:\n{}\n{}{}{}\n", safe_line(attachment.name), fence, attachment.text, newline, fence);
}

std::string with_attachments(const std::vector<Attachment>& attachments, std::string_view question) {
  std::string text;
  for (const Attachment& attachment : attachments) text += quoted(attachment) + "\n";
  return text.append(question);
}

}  // namespace carat::cli
