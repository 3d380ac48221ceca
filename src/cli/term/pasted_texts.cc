#include "cli/term/pasted_texts.h"

#include <fmt/core.h>

#include <algorithm>

namespace carat::cli {
namespace {

// More than this hides the line it is pasted into.
constexpr std::size_t kMaxShownLines = 6;
constexpr std::size_t kMaxShownBytes = 600;

std::string normalised(std::string_view pasted) {
  std::string text;
  text.reserve(pasted.size());
  for (std::size_t i = 0; i < pasted.size(); ++i) {
    // Terminals send CR for a line's end.
    if (pasted[i] == '\r') {
      if (i + 1 == pasted.size() || pasted[i + 1] != '\n') text += '\n';
    } else if (pasted[i] != '\0') {
      text += pasted[i];
    }
  }
  return text;
}

}  // namespace

std::string PastedTexts::add(std::string_view pasted) {
  std::string text = normalised(pasted);
  while (text.ends_with('\n')) text.pop_back();
  const std::size_t n_lines = 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  if (n_lines <= kMaxShownLines && text.size() <= kMaxShownBytes) return text;
  std::string mark = n_lines > 1 ? fmt::format("[pasted {} lines #{}]", n_lines, texts_.size() + 1)
                                 : fmt::format("[pasted {} bytes #{}]", text.size(), texts_.size() + 1);
  texts_.emplace_back(mark, std::move(text));
  return mark;
}

std::string PastedTexts::expand(std::string line) const {
  // From the last place to the first, so that a mark inside a pasted text stays text.
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const std::size_t at = line.find(texts_[i].first);
    if (at != std::string::npos) places.emplace_back(at, i);
  }
  std::sort(places.rbegin(), places.rend());
  for (const auto& [at, i] : places) line.replace(at, texts_[i].first.size(), texts_[i].second);
  return line;
}

}  // namespace carat::cli
