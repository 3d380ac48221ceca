// Any lines as a .gitignore and one path: the same verdict as a second matcher that tries every way, recursively.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/attach/gitignore.h"
#include "fuzz/target.h"

namespace carat::fuzz {
namespace {

// One name against one part of a pattern, all ways tried; `memo` keeps it from taking forever.
class Glob {
 public:
  Glob(std::string_view pattern, std::string_view name) : pattern_(pattern), name_(name) {}
  bool match(std::size_t p = 0, std::size_t n = 0) {
    const auto known = memo_.find({p, n});
    if (known != memo_.end()) return known->second;
    return memo_[{p, n}] = compute(p, n);
  }

 private:
  bool compute(std::size_t p, std::size_t n) {
    if (p == pattern_.size()) return n == name_.size();
    if (pattern_[p] == '*') return match(p + 1, n) || (n < name_.size() && match(p, n + 1));
    if (n == name_.size()) return false;
    if (pattern_[p] == '?') return match(p + 1, n + 1);
    if (pattern_[p] == '[') {
      std::size_t end = p;
      const int in = in_class(end, static_cast<unsigned char>(name_[n]));
      return in == 1 && match(end, n + 1);
    }
    if (pattern_[p] == '\\' && p + 1 < pattern_.size()) ++p;
    return pattern_[p] == name_[n] && match(p + 1, n + 1);
  }

  // 1 in, 0 not in, -1 no class; `at` goes behind it.
  int in_class(std::size_t& at, unsigned char c) const {
    std::size_t i = at + 1;
    bool negated = false, in = false;
    if (i < pattern_.size() && (pattern_[i] == '!' || pattern_[i] == '^')) negated = true, ++i;
    const std::size_t first = i;
    const auto one = [&] {
      if (pattern_[i] == '\\' && i + 1 < pattern_.size()) ++i;
      return static_cast<unsigned char>(pattern_[i++]);
    };
    while (i < pattern_.size() && (pattern_[i] != ']' || i == first)) {
      const unsigned char low = one();
      unsigned char high = low;
      if (i + 1 < pattern_.size() && pattern_[i] == '-' && pattern_[i + 1] != ']') {
        ++i;
        high = one();
      }
      in = in || (c >= low && c <= high);
    }
    if (i >= pattern_.size()) return -1;
    at = i + 1;
    return in != negated ? 1 : 0;
  }

  std::string_view pattern_, name_;
  std::map<std::pair<std::size_t, std::size_t>, bool> memo_;
};

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  const std::string_view text = as_text(data, size);
  const std::size_t nul = text.find('\0');
  const std::string_view first = text.substr(0, nul);
  const std::string_view second = nul == std::string_view::npos ? std::string_view("a/b") : text.substr(nul + 1);
  CARAT_CHECK(carat::cli::glob_match(first, second) == Glob(first, second).match());

  const carat::cli::Gitignore rules(first);
  using Verdict = carat::cli::Gitignore::Verdict;
  for (const bool folder : {false, true}) {
    const Verdict verdict = rules.verdict(second, folder);
    // Only a "!" takes a path back in; the same rules twice change nothing.
    if (first.find('!') == std::string_view::npos) CARAT_CHECK(verdict != Verdict::kIncluded);
    const carat::cli::Gitignore twice(std::string(first) + "\n" + std::string(first));
    CARAT_CHECK(twice.verdict(second, folder) == verdict);
  }
  return 0;
}
