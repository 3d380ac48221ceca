#include "store/near_miss.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace carat::store {
namespace {

constexpr std::size_t kMaxSuggestions = 3;
constexpr std::size_t kMaxLetters = 200;  // the distance is quadratic

std::string lower(std::string_view text) {
  std::string out(text.substr(0, kMaxLetters));
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// Optimal string alignment distance, three rows of the table at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::vector<std::string> near_misses(std::string_view name, std::span<const std::string> candidates) {
  const std::string wanted = lower(name);
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const std::string& candidate : candidates) {
    const std::string have = lower(candidate);
    if (wanted.empty() || have.empty()) continue;
    const bool contained = have.find(wanted) != std::string::npos || wanted.find(have) != std::string::npos;
    const std::size_t distance = edit_distance(wanted, have);
    if (contained || 3 * distance <= wanted.size()) found.emplace_back(contained ? 0 : distance, candidate);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& [distance, candidate] : found) {
    if (names.size() < kMaxSuggestions) names.push_back(std::move(candidate));
  }
  return names;
}

}  // namespace carat::store
