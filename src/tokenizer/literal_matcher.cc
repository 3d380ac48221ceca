#include "tokenizer/literal_matcher.h"

#include <vector>

namespace carat::tokenizer {
namespace {
constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581
}  // namespace

LiteralMatcher::LiteralMatcher() : nodes_(std::vector<Node>(1)), first_(std::vector<std::uint8_t>(256)) {}

bool LiteralMatcher::usable(std::size_t n_pieces) const {
  if (nodes_.empty() || first_.size() != 256) return false;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& n = nodes_[i];
    // As add() makes them: children later than their parent, siblings ever earlier. So no walk goes in a circle.
    if (n.child != 0 && (n.child <= i || n.child >= nodes_.size())) return false;
    if (n.sibling != 0 && n.sibling >= i) return false;
    if (n.id >= 0 && static_cast<std::size_t>(n.id) >= n_pieces) return false;
  }
  return true;
}

std::uint32_t LiteralMatcher::step(std::uint32_t node, unsigned char byte) const {
  std::uint32_t child = nodes_[node].child;
  while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].sibling;
  return child;
}

void LiteralMatcher::add(std::string_view text, TokenId id) {
  std::vector<Node>& nodes = nodes_.edit();
  std::uint32_t node = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    std::uint32_t child = step(node, byte);
    if (child == 0) {
      child = static_cast<std::uint32_t>(nodes.size());
      nodes.push_back({-1, 0, nodes[node].child, byte});
      nodes[node].child = child;
    }
    node = child;
  }
  nodes[node].id = id;
  first_.edit()[static_cast<unsigned char>(text[0])] = 1;
  if (text.starts_with(kSpaceSymbol)) first_.edit()[' '] = 1;
}

LiteralMatcher::Match LiteralMatcher::match_at(std::string_view text, std::size_t begin) const {
  Match longest;
  std::uint32_t node = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == ' ') {
      for (const char c : kSpaceSymbol) {
        node = step(node, static_cast<unsigned char>(c));
        if (node == 0) return longest;
      }
    } else {
      node = step(node, static_cast<unsigned char>(text[i]));
      if (node == 0) return longest;
    }
    if (nodes_[node].id >= 0) longest = {begin, i + 1 - begin, nodes_[node].id};
  }
  return longest;
}

LiteralMatcher::Match LiteralMatcher::find(std::string_view text, std::size_t from) const {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (first_[static_cast<unsigned char>(text[i])] == 0) continue;
    if (const Match match = match_at(text, i); match.length > 0) return match;
  }
  return {};
}

}  // namespace carat::tokenizer
