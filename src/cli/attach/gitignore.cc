#include "cli/attach/gitignore.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace carat::cli {
namespace {

/// The `[...]` at `at` of a pattern against c: whether it matches, and where the pattern goes on. Nothing when it has
/// no end: then the pattern matches no name, as in git (and nobody looks for that end again for every character).
struct ClassMatch {
  bool matches;
  std::size_t next;
};
std::optional<ClassMatch> class_match(std::string_view pattern, std::size_t at, char c) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) return ClassMatch{found != negated, i + 1};
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    const auto low = static_cast<unsigned char>(pattern[i++]);
    auto high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      ++i;
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      high = static_cast<unsigned char>(pattern[i++]);
    }
    const auto value = static_cast<unsigned char>(c);
    found = found || (low <= value && value <= high);
  }
  return std::nullopt;
}

/// Where the pattern goes on when its element at `p` (no star) matches c; nothing when it does not.
std::optional<std::size_t> element_match(std::string_view pattern, std::size_t p, char c) {
  if (pattern[p] == '?') return p + 1;
  if (pattern[p] == '[') {
    const auto match = class_match(pattern, p, c);
    return match && match->matches ? std::optional(match->next) : std::nullopt;
  }
  if (pattern[p] == '\\' && p + 1 < pattern.size()) ++p;
  return pattern[p] == c ? std::optional(p + 1) : std::nullopt;
}

/// Sequences of names against sequences of pattern parts. Only the last star needs to be tried again, so the work is
/// at most the product of the lengths.
template <typename IsStar, typename Match>
bool match_with_stars(std::size_t n_pattern, std::size_t n_text, IsStar is_star, Match match) {
  std::size_t p = 0, t = 0;
  std::optional<std::size_t> star;
  std::size_t star_text = 0;
  while (t < n_text) {
    if (p < n_pattern && is_star(p)) {
      star = ++p;
      star_text = t;
      continue;
    }
    if (const std::optional<std::size_t> next = p < n_pattern ? match(p, t) : std::nullopt) {
      p = *next;
      ++t;
      continue;
    }
    if (!star) return false;
    p = *star;
    t = ++star_text;
  }
  while (p < n_pattern && is_star(p)) ++p;
  return p == n_pattern;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view name) {
  return match_with_stars(
      pattern.size(), name.size(), [&](std::size_t p) { return pattern[p] == '*'; },
      [&](std::size_t p, std::size_t t) { return element_match(pattern, p, name[t]); });
}

bool Gitignore::parse(std::string_view line, Pattern& pattern) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with('#')) return false;
  // Blanks at the end do not count unless the last one is escaped.
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  if (line.starts_with('!')) {
    pattern.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    pattern.folders_only = true;
    line.remove_suffix(1);
  }
  if (line.empty() || line == "/") return false;
  const bool anchored = line.find('/') != std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  if (!anchored) pattern.parts.emplace_back("**");
  for (const std::string_view part : split(line, '/')) pattern.parts.emplace_back(part);
  return true;
}

Gitignore::Gitignore(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    Pattern pattern;
    if (parse(line, pattern)) patterns_.push_back(std::move(pattern));
  }
}

Gitignore::Verdict Gitignore::verdict(std::string_view path, bool is_folder) const {
  const std::vector<std::string_view> names = split(path, '/');
  const auto matches = [&](const Pattern& pattern) {
    if (pattern.folders_only && !is_folder) return false;
    const auto& parts = pattern.parts;
    // "a/**" matches what is inside a, not a itself.
    if (parts.size() > 1 && parts.back() == "**" && names.size() < parts.size() - 1 + (parts.front() == "**" ? 0 : 1)) {
      return false;
    }
    return match_with_stars(
        parts.size(), names.size(), [&](std::size_t p) { return parts[p] == "**"; },
        [&](std::size_t p, std::size_t t) {
          return glob_match(parts[p], names[t]) ? std::optional(p + 1) : std::nullopt;
        });
  };
  const auto last = std::find_if(patterns_.rbegin(), patterns_.rend(), matches);
  if (last == patterns_.rend()) return Verdict::kNone;
  return last->negated ? Verdict::kIncluded : Verdict::kIgnored;
}

}  // namespace carat::cli
