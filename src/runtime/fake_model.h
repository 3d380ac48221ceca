#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "model/model.h"

namespace carat::runtime {

/// A model without weights, for testing everything around one: its logits come from a script. What the script is told
/// of the conversation is read back from the K/V pages, where every row has left its token and position; so a page that
/// is missing, shared when it should not be, let go of too early or mixed up changes the tokens or fails the step.
///
///     FakeModel model(FakeModel::small_config(), [](std::span<const TokenId> history, std::span<float> logits) {
///       logits[(history.back() + 1) % logits.size()] = 10;      // counts upwards
///     });
class FakeModel final : public model::Model {
 public:
  using TokenId = tokenizer::TokenId;
  /// `history`: the tokens up to and including the row. `logits` arrive as zeros.
  using Script = std::function<void(std::span<const TokenId> history, std::span<float> logits)>;

  FakeModel(model::ModelConfig config, Script script) : config_(std::move(config)), script_(std::move(script)) {}

  /// Sliding layers with windows of 16 and 100, a full layer, and one that reads a donor's K/V.
  static model::ModelConfig small_config(std::int64_t vocab_size = 50) {
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

  const model::ModelConfig& config() const override { return config_; }

  /// Refuses NaN and infinity with an error, as real models do; false = lets them through.
  void set_checks_logits(bool on) { checks_logits_ = on; }
  /// The rows of every step so far.
  const std::vector<std::vector<model::Row>>& steps() const { return steps_; }
  void forget_steps() { steps_.clear(); }

  Result<void> step(std::span<const model::Row> rows, const model::KvView& kv, kernels::Exec&, model::StepOutput& out,
                    model::ForwardTap*) override {
    steps_.emplace_back(rows.begin(), rows.end());
    out.logits.clear();
    out.hidden.clear();
    for (const model::Row& row : rows) RETURN_IF_ERROR(write(row, kv));
    for (const model::Row& row : rows) {
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

 private:
  struct Mark {
    TokenId token;
    std::int32_t position;
  };

  /// Where the page of a layer keeps V of one key of its last head: the mark goes there.
  static std::byte* slot(const model::KvLayerLayout& l, std::byte* page, std::int64_t position) {
    const std::int64_t v = l.page_bytes() - l.head_bytes() / 2;
    return page + v + position % model::kKvPageKeys * l.head_dim * model::kv_element_bytes(l.type);
  }

  Result<std::byte*> page(const model::Row& row, const model::KvView& kv, const model::KvLayerLayout& l,
                          std::int64_t position) const {
    const auto& pages = kv.sequences[static_cast<std::size_t>(row.sequence)]->pages[static_cast<std::size_t>(l.layer)];
    const auto p = static_cast<std::size_t>(position / model::kKvPageKeys);
    if (p >= pages.size() || pages[p] == nullptr) {
      return internal_error(fmt::format("fake: layer {} has no page for key {}", l.layer, position));
    }
    return pages[p];
  }

  Result<void> write(const model::Row& row, const model::KvView& kv) const {
    Mark mark{row.token, static_cast<std::int32_t>(row.position)};
    if (row.soft_embedding != nullptr) mark.token = static_cast<TokenId>(row.soft_embedding[0]);
    for (const model::KvLayerLayout& l : kv_layouts(kv.type)) {
      ASSIGN_OR_RETURN(std::byte * own, page(row, kv, l, row.position));
      for (std::size_t s = 0; s < kv.sequences.size(); ++s) {
        const auto& other = kv.sequences[s]->pages[static_cast<std::size_t>(l.layer)];
        const auto p = static_cast<std::size_t>(row.position / model::kKvPageKeys);
        if (s != static_cast<std::size_t>(row.sequence) && p < other.size() && other[p] == own) {
          return internal_error(fmt::format("fake: layer {} writes key {} to a shared page", l.layer, row.position));
        }
      }
      std::memcpy(slot(l, own, row.position), &mark, sizeof mark);
    }
    return {};
  }

  /// The tokens a row sees in one layer, as its pages have them.
  Result<std::vector<TokenId>> visible(const model::Row& row, const model::KvView& kv,
                                       const model::KvLayerLayout& l) const {
    std::vector<TokenId> tokens;
    const std::int64_t first = l.window > 0 ? std::max<std::int64_t>(0, row.position - l.window + 1) : 0;
    for (std::int64_t k = first; k <= row.position; ++k) {
      ASSIGN_OR_RETURN(std::byte * bytes, page(row, kv, l, k));
      Mark mark;
      std::memcpy(&mark, slot(l, bytes, k), sizeof mark);
      if (mark.position != k) {
        return internal_error(fmt::format("fake: layer {} holds key {} where {} belongs", l.layer, mark.position, k));
      }
      tokens.push_back(mark.token);
    }
    return tokens;
  }

  /// What the full layer has seen; every sliding layer must have seen the end of the same.
  Result<std::vector<TokenId>> history_of(const model::Row& row, const model::KvView& kv) const {
    std::vector<TokenId> history;
    const auto layouts = kv_layouts(kv.type);
    for (const model::KvLayerLayout& l : layouts) {
      if (l.window != 0) continue;
      ASSIGN_OR_RETURN(history, visible(row, kv, l));
    }
    for (const model::KvLayerLayout& l : layouts) {
      ASSIGN_OR_RETURN(const std::vector<TokenId> seen, visible(row, kv, l));
      if (!std::equal(seen.rbegin(), seen.rend(), history.rbegin())) {
        return internal_error(fmt::format("fake: layer {} holds other tokens than the full layer", l.layer));
      }
    }
    return history;
  }

  model::ModelConfig config_;
  Script script_;
  bool checks_logits_ = true;
  std::vector<std::vector<model::Row>> steps_;
};

}  // namespace carat::runtime
