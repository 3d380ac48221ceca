#include "tokenizer/literal_matcher.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace carat::tokenizer {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581
/// Of text at a time, so that the places found take little memory.
constexpr std::size_t kBlock = std::size_t{1} << 18;

unsigned char byte_of(char c) { return static_cast<unsigned char>(c); }

}  // namespace

LiteralMatcher::LiteralMatcher()
    : nodes_(std::vector<Node>(1)),
      edges_(std::vector<std::uint64_t>(2, kNoEdge)),
      last_(std::vector<std::uint8_t>(256)) {}

LiteralMatcher::LiteralMatcher(const Strings& strings) : LiteralMatcher() {
  std::vector<std::uint32_t> reached(strings.size());  // the node of each string's bytes so far, from its end
  std::size_t longest = 0;
  for (const auto& [text, id] : strings) {
    CARAT_CHECK(!text.empty());
    longest = std::max(longest, text.size());
    last_.edit()[byte_of(text.back())] = 1;
    if (text.ends_with(kSpaceSymbol)) last_.edit()[' '] = 1;
  }
  // All strings one byte at a time: nodes come in order of depth, and where a node falls back to is there before it.
  for (std::size_t depth = 0; depth < longest; ++depth) {
    for (std::size_t i = 0; i < strings.size(); ++i) {
      const std::string_view text = strings[i].first;
      if (depth >= text.size()) continue;
      const unsigned char byte = byte_of(text[text.size() - 1 - depth]);
      std::uint32_t next = child(reached[i], byte);
      if (next == 0) {
        next = static_cast<std::uint32_t>(nodes_.size());
        CARAT_CHECK(next < 1u << kNodeBits);
        nodes_.edit().push_back({depth == 0 ? 0 : step(nodes_[reached[i]].fail, byte), 0, -1});
        add_edge(reached[i], byte, next);
      }
      reached[i] = next;
    }
  }
  for (std::size_t i = 0; i < strings.size(); ++i) {
    Node& node = nodes_.edit()[reached[i]];
    node.id = strings[i].second;
    node.length = static_cast<std::uint32_t>(strings[i].first.size());
  }
  for (Node& node : nodes_.edit()) {
    if (node.length > 0) continue;
    node.id = nodes_[node.fail].id;
    node.length = nodes_[node.fail].length;
  }
}

bool LiteralMatcher::usable(std::size_t n_pieces) const {
  if (nodes_.empty() || nodes_.size() > 1u << kNodeBits || last_.size() != 256) return false;
  if (edges_.size() < 2 || !std::has_single_bit(edges_.size())) return false;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.fail >= std::max<std::size_t>(i, 1)) return false;  // falling back comes to the root
    if (node.length > kMaxPieceBytes || node.id < -1 || (node.length > 0 && node.id < 0)) return false;
    if (node.id >= 0 && static_cast<std::size_t>(node.id) >= n_pieces) return false;
  }
  const auto edges = edges_.span();
  const auto known = [&](std::uint64_t edge) {
    return edge == kNoEdge || (edge & ((1u << kNodeBits) - 1)) < nodes_.size();
  };
  return nodes_[0].length == 0 && std::all_of(edges.begin(), edges.end(), known) &&
         std::find(edges.begin(), edges.end(), kNoEdge) != edges.end();
}

std::size_t LiteralMatcher::slot_of(std::uint64_t key) const {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  return static_cast<std::size_t>(key * kGolden >> (64 - std::countr_zero(edges_.size())));
}

std::uint32_t LiteralMatcher::child(std::uint32_t node, unsigned char byte) const {
  const std::uint64_t key = std::uint64_t{node} << 8 | byte;
  for (std::size_t i = slot_of(key);; i = (i + 1) & (edges_.size() - 1)) {
    const std::uint64_t edge = edges_[i];
    if (edge == kNoEdge) return 0;
    if (edge >> kNodeBits == key) return static_cast<std::uint32_t>(edge & ((1u << kNodeBits) - 1));
  }
}

std::uint32_t LiteralMatcher::step(std::uint32_t node, unsigned char byte) const {
  for (;; node = nodes_[node].fail) {
    const std::uint32_t next = child(node, byte);
    if (next != 0 || node == 0) return next;
  }
}

void LiteralMatcher::add_edge(std::uint32_t node, unsigned char byte, std::uint32_t to) {
  std::vector<std::uint64_t>& edges = edges_.edit();
  const auto put = [&](std::uint64_t edge) {
    std::size_t i = slot_of(edge >> kNodeBits);
    while (edges[i] != kNoEdge) i = (i + 1) & (edges.size() - 1);
    edges[i] = edge;
  };
  if (nodes_.size() * 2 > edges.size()) {  // a node has one edge that leads to it
    std::vector<std::uint64_t> old(edges.size() * 2, kNoEdge);
    old.swap(edges);
    for (const std::uint64_t edge : old) {
      if (edge != kNoEdge) put(edge);
    }
  }
  put((std::uint64_t{node} << 8 | byte) << kNodeBits | to);
}

void LiteralSearch::look() {
  const std::size_t end = std::min(text_.size(), looked_ + kBlock);
  // What is found depends on no more than a string's length behind it.
  std::uint32_t node = 0;
  for (std::size_t at = std::min(text_.size(), end + kMaxPieceBytes); at-- > looked_;) {
    const unsigned char byte = byte_of(text_[at]);
    if (node == 0 && matcher_.last_[byte] == 0) continue;
    if (byte == ' ') {
      for (std::size_t i = kSpaceSymbol.size(); i-- > 0;) node = matcher_.step(node, byte_of(kSpaceSymbol[i]));
    } else {
      node = matcher_.step(node, byte);
    }
    if (at < end && matcher_.nodes_[node].length > 0) starts_.push_back({at, node});
  }
  looked_ = end;
}

bool LiteralSearch::next(LiteralMatcher::Match& match) {
  for (;;) {
    while (!starts_.empty()) {
      const Start start = starts_.back();
      starts_.pop_back();
      if (start.at < free_) continue;
      const LiteralMatcher::Node& node = matcher_.nodes_[start.node];
      match = {start.at, text_length(start.at, node.length), node.id};
      free_ = start.at + match.length;
      return true;
    }
    if (looked_ >= text_.size()) return false;
    look();
  }
}

/// Bytes of text that are `length` bytes of a string, where a space stands for three.
std::size_t LiteralSearch::text_length(std::size_t begin, std::size_t length) const {
  std::size_t at = begin;
  for (std::size_t done = 0; done < length && at < text_.size(); ++at) {
    done += text_[at] == ' ' ? kSpaceSymbol.size() : 1;
  }
  return at - begin;
}

}  // namespace carat::tokenizer
