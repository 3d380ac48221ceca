#include "runtime/top_tokens.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace carat::runtime {
namespace {

using tokenizer::TokenId;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

bool before(const TokenLogit& a, const TokenLogit& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }

/// Unsigned integers in the opposite order of the floats; + 0.0f makes both zeros equal.
std::uint32_t descending_key(float logit) {
  const auto bits = std::bit_cast<std::uint32_t>(logit + 0.0f);
  return bits >> 31 ? bits : bits ^ 0x7FFFFFFFu;
}

/// Least significant digit first, 11 bits at a time; stable, so ids stay ascending among equals.
void radix_sort(std::vector<TokenLogit>& tokens) {
  constexpr std::uint32_t kBins = 1u << 11;
  std::vector<TokenLogit> other(tokens.size());
  for (int shift = 0; shift < 32; shift += 11) {
    std::array<std::size_t, kBins + 1> start{};
    for (const TokenLogit& t : tokens) ++start[((descending_key(t.logit) >> shift) & (kBins - 1)) + 1];
    for (std::uint32_t b = 0; b < kBins; ++b) start[b + 1] += start[b];
    for (const TokenLogit& t : tokens) other[start[(descending_key(t.logit) >> shift) & (kBins - 1)]++] = t;
    tokens.swap(other);
  }
}

}  // namespace

void top_tokens(std::span<const float> logits, std::int64_t k, std::vector<TokenLogit>& out) {
  out.clear();
  const std::size_t n = logits.size();
  const std::size_t limit = k <= 0 ? n : std::min(n, static_cast<std::size_t>(k));
  const bool sort_all = limit > n / 8;
  // Collect what beats the k-th best so far; whenever the buffer is full, cut it back to k. Ids ascend, so a later
  // equal logit never beats an earlier one.
  const std::size_t capacity = sort_all ? n + 1 : std::max<std::size_t>(1024, 4 * limit);
  float threshold = kMinusInfinity;
  for (std::size_t i = 0; i < n; ++i) {
    if (!(logits[i] > threshold)) continue;
    out.push_back({static_cast<TokenId>(i), logits[i]});
    if (out.size() < capacity) continue;
    std::nth_element(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(limit - 1), out.end(), before);
    out.resize(limit);
    threshold = out.back().logit;
  }
  if (sort_all) {
    radix_sort(out);
  } else {
    std::sort(out.begin(), out.end(), before);
  }
  if (out.size() > limit) out.resize(limit);
}

TokenId argmax(std::span<const float> logits) {
  // Lanes of their own let the compiler use vector maxima; the largest value does not depend on the order.
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> lanes;
  lanes.fill(kMinusInfinity);
  std::size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] = logits[i + j] > lanes[j] ? logits[i + j] : lanes[j];
  }
  for (; i < logits.size(); ++i) lanes[0] = std::max(lanes[0], logits[i]);
  const float best = *std::max_element(lanes.begin(), lanes.end());
  if (best == kMinusInfinity) return -1;
  return static_cast<TokenId>(std::find(logits.begin(), logits.end(), best) - logits.begin());
}

}  // namespace carat::runtime
