#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carat::cli {

/// The rules of one .gitignore file, as gitignore(5) defines them: the last pattern that matches a path decides, `!`
/// takes it back in, `/` inside anchors a pattern to the file's folder, `/` at its end matches folders only, `**` spans
/// folders. Matching is linear in path times pattern: hostile patterns cannot make it slow.
///
///     const Gitignore rules("*.o\n!keep.o\nbuild/\n");
///     rules.verdict("src/main.o", false);   // Verdict::kIgnored
class Gitignore {
 public:
  enum class Verdict { kNone, kIgnored, kIncluded };

  explicit Gitignore(std::string_view text);

  /// `path` is relative to the folder of the file, without "./", with '/' between its parts.
  Verdict verdict(std::string_view path, bool is_folder) const;

 private:
  struct Pattern {
    std::vector<std::string> parts;  ///< between the slashes; "**" spans any number
    bool negated = false;
    bool folders_only = false;
  };
  static bool parse(std::string_view line, Pattern& pattern);

  std::vector<Pattern> patterns_;
};

/// One name against one part of a pattern: `*`, `?`, `[a-z]`, `[!a]`, `\` as in fnmatch.
bool glob_match(std::string_view pattern, std::string_view name);

}  // namespace carat::cli
