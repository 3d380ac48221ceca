#include "cli/term/completion.h"

#include <algorithm>
#include <filesystem>

#include "cli/term/safe_text.h"

namespace carat::cli {
namespace {

// A folder of more names is no help as a list.
constexpr std::size_t kMaxCandidates = 500;

}  // namespace

std::string common_completion(const Completion& completion, std::string_view before_cursor) {
  if (completion.candidates.empty()) return {};
  std::string_view common = completion.candidates.front();
  for (const std::string& candidate : completion.candidates) {
    const auto end = std::mismatch(common.begin(), common.end(), candidate.begin(), candidate.end()).first;
    common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
  }
  const std::string_view typed = before_cursor.substr(before_cursor.size() - completion.replaced);
  if (!common.starts_with(typed)) return {};
  common.remove_prefix(typed.size());
  // Not half a character.
  while (!common.empty() && (static_cast<unsigned char>(common.back()) & 0x80) != 0 &&
         completion.candidates.size() > 1) {
    common.remove_suffix(1);
  }
  return std::string(common);
}

Completion complete_file(std::string_view path, std::string_view home) {
  const std::size_t slash = path.rfind('/');
  const std::string folder(slash == std::string_view::npos ? "" : path.substr(0, slash + 1));
  const std::string_view begin = slash == std::string_view::npos ? path : path.substr(slash + 1);
  std::filesystem::path where = folder.empty() ? "." : folder;
  if (folder.starts_with("~/")) where = std::filesystem::path(home) / folder.substr(2);
  Completion completion{path.size(), {}};
  std::error_code error;
  for (std::filesystem::directory_iterator it(where, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (!name.starts_with(begin) || (name[0] == '.' && !begin.starts_with('.')) || safe_line(name) != name) continue;
    std::error_code ignored;
    if (it->is_directory(ignored)) name += '/';
    completion.candidates.push_back(folder + name);
    if (completion.candidates.size() == kMaxCandidates) break;
  }
  std::sort(completion.candidates.begin(), completion.candidates.end());
  return completion;
}

}  // namespace carat::cli
