#include "store/split_name.h"

namespace carat::store {
namespace {

bool is_digits(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

}  // namespace

std::optional<SplitName> split_name(std::string_view stem) {
  constexpr std::string_view kForm = "-00001-of-00003";
  if (stem.size() <= kForm.size()) return std::nullopt;
  const std::string_view suffix = stem.substr(stem.size() - kForm.size());
  if (suffix[0] != '-' || suffix.substr(6, 4) != "-of-") return std::nullopt;
  if (!is_digits(suffix.substr(1, 5)) || !is_digits(suffix.substr(10))) return std::nullopt;
  return SplitName{stem.substr(0, stem.size() - kForm.size()), suffix.substr(1, 5), suffix.substr(10)};
}

}  // namespace carat::store
