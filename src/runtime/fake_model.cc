#include "runtime/fake_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace carat::runtime {
namespace {

using model::KvLayerLayout;
using model::KvView;
using model::Row;
using tokenizer::TokenId;

/// What a row leaves in every layer's page.
struct Mark {
  TokenId token;
  std::int32_t position;
};

/// V of one key in the last head of a page: the mark goes there.
std::byte* slot(const KvLayerLayout& l, std::byte* page, std::int64_t position) {
  const std::int64_t v = l.page_bytes() - l.head_bytes() / 2;
  return page + v + position % model::kKvPageKeys * l.head_dim * model::kv_element_bytes(l.type);
}

Result<std::byte*> page_of(const Row& row, const KvView& kv, const KvLayerLayout& l, std::int64_t position) {
  const auto& pages = kv.sequences[static_cast<std::size_t>(row.sequence)]->pages[static_cast<std::size_t>(l.layer)];
  const auto p = static_cast<std::size_t>(position / model::kKvPageKeys);
  if (p >= pages.size() || pages[p] == nullptr) {
    return internal_error(fmt::format("fake: layer {} has no page for key {}", l.layer, position));
  }
  return pages[p];
}

/// The tokens a row sees in one layer, as its pages have them.
Result<std::vector<TokenId>> visible(const Row& row, const KvView& kv, const KvLayerLayout& l) {
  std::vector<TokenId> tokens;
  const std::int64_t first = l.window > 0 ? std::max<std::int64_t>(0, row.position - l.window + 1) : 0;
  for (std::int64_t k = first; k <= row.position; ++k) {
    ASSIGN_OR_RETURN(std::byte * page, page_of(row, kv, l, k));
    Mark mark;
    std::memcpy(&mark, slot(l, page, k), sizeof mark);
    if (mark.position != k) {
      return internal_error(fmt::format("fake: layer {} holds key {} where {} belongs", l.layer, mark.position, k));
    }
    tokens.push_back(mark.token);
  }
  return tokens;
}

}  // namespace

model::ModelConfig FakeModel::small_config(std::int64_t vocab_size) {
  model::ModelConfig c;
  c.vocab_size = vocab_size;
  c.d_model = 8;
  c.context_length = 1 << 17;
  const auto layer = [](std::int64_t window, std::int64_t n_kv_heads, std::int64_t kv_layer) {
    model::LayerConfig l;
    l.sliding = window > 0;
    l.window = window;
    l.n_heads = l.n_kv_heads = n_kv_heads;
    l.head_dim = 4;
    l.kv_layer = kv_layer;
    return l;
  };
  c.layers = {layer(16, 2, 0), layer(0, 1, 1), layer(100, 1, 2), layer(16, 2, 0)};
  return c;
}

Result<void> FakeModel::step(std::span<const Row> rows, const KvView& kv, kernels::Exec&, model::StepOutput& out,
                             model::ForwardTap*) {
  steps_.emplace_back(rows.begin(), rows.end());
  out.logits.clear();
  out.hidden.clear();
  for (const Row& row : rows) RETURN_IF_ERROR(write(row, kv));
  for (const Row& row : rows) {
    ASSIGN_OR_RETURN(const std::vector<TokenId> history, history_of(row, kv));
    if (row.wants_hidden) out.hidden.insert(out.hidden.end(), static_cast<std::size_t>(config_.d_model), 1.0f);
    if (!row.wants_logits) continue;
    const std::size_t begin = out.logits.size();
    out.logits.resize(begin + static_cast<std::size_t>(config_.vocab_size));
    const std::span<float> logits = std::span(out.logits).subspan(begin);
    script_(history, logits);
    for (const float l : logits) {
      if (checks_logits_ && !std::isfinite(l)) return internal_error("fake: a logit is not finite");
    }
  }
  return {};
}

/// Leaves the row's mark in every layer, in pages that belong to its sequence alone.
Result<void> FakeModel::write(const Row& row, const KvView& kv) const {
  Mark mark{row.token, static_cast<std::int32_t>(row.position)};
  if (row.soft_embedding != nullptr) mark.token = static_cast<TokenId>(row.soft_embedding[0]);
  const auto p = static_cast<std::size_t>(row.position / model::kKvPageKeys);
  for (const KvLayerLayout& l : kv_layouts(kv.type)) {
    ASSIGN_OR_RETURN(std::byte * own, page_of(row, kv, l, row.position));
    for (std::size_t s = 0; s < kv.sequences.size(); ++s) {
      const auto& other = kv.sequences[s]->pages[static_cast<std::size_t>(l.layer)];
      if (s != static_cast<std::size_t>(row.sequence) && p < other.size() && other[p] == own) {
        return internal_error(fmt::format("fake: layer {} writes key {} to a shared page", l.layer, row.position));
      }
    }
    std::memcpy(slot(l, own, row.position), &mark, sizeof mark);
  }
  return {};
}

/// What the full layer has seen; every sliding layer must have seen the end of the same.
Result<std::vector<TokenId>> FakeModel::history_of(const Row& row, const KvView& kv) const {
  std::vector<TokenId> history;
  const auto layouts = kv_layouts(kv.type);
  for (const KvLayerLayout& l : layouts) {
    if (l.window != 0) continue;
    ASSIGN_OR_RETURN(history, visible(row, kv, l));
  }
  for (const KvLayerLayout& l : layouts) {
    ASSIGN_OR_RETURN(const std::vector<TokenId> seen, visible(row, kv, l));
    if (seen.size() > history.size() || !std::equal(seen.rbegin(), seen.rend(), history.rbegin())) {
      return internal_error(fmt::format("fake: layer {} holds other tokens than the full layer", l.layer));
    }
  }
  return history;
}

}  // namespace carat::runtime
