#include "runtime/probe.h"

#include <fmt/core.h>

#include <algorithm>

#include "runtime/kv_cache.h"

namespace carat::runtime {
namespace {

// Collects the residual of the rows that are asked for.
class HiddenTap final : public model::ForwardTap {
 public:
  HiddenTap(std::int64_t n_layers, bool all_rows)
      : hidden_(static_cast<std::size_t>(n_layers + 1)), all_rows_(all_rows) {}

  bool wants_all_rows() const override { return all_rows_; }
  void on(std::int64_t layer, std::string_view name, MatView<const float> value) override {
    if (name != "embedding" && name != "hidden") return;
    std::vector<float>& out = hidden_[static_cast<std::size_t>(layer + 1)];
    if (!all_rows_) out.clear();  // the last row seen is the last row of the prompt
    for (std::int64_t r = all_rows_ ? 0 : value.rows - 1; r < value.rows; ++r) {
      out.insert(out.end(), value.row(r), value.row(r) + value.cols);
    }
  }
  std::vector<std::vector<float>> take() { return std::move(hidden_); }

 private:
  std::vector<std::vector<float>> hidden_;
  bool all_rows_;
};

}  // namespace

Result<ProbeResult> probe(model::Model& model, std::span<const tokenizer::TokenId> ids, const ProbeOptions& options,
                          kernels::Exec& exec) {
  const model::ModelConfig& c = model.config();
  if (ids.empty()) return invalid_argument("no token ids given; expected at least one, such as --ids 2,10,55");
  const auto n = static_cast<std::int64_t>(ids.size());
  if (n + options.n_greedy > c.context_length) {
    return limit_exceeded(fmt::format("{} ids and {} more tokens need {} positions; the model's context holds {}", n,
                                      options.n_greedy, n + options.n_greedy, c.context_length));
  }
  ASSIGN_OR_RETURN(KvCache kv,
                   KvCache::create({.layouts = model.kv_layouts(options.kv_type), .n_layers = c.n_layers()}));
  const SequenceId sequence = kv.create_sequence();
  HiddenTap tap(c.n_layers(), options.all_rows);
  ProbeResult result;
  model::StepOutput out;

  const auto feed = [&](std::span<const tokenizer::TokenId> part, bool all_rows, bool last,
                        model::ForwardTap* t) -> Result<void> {
    const std::int64_t first = kv.length(sequence);
    const auto count = static_cast<std::int64_t>(part.size());
    RETURN_IF_ERROR(kv.prepare(sequence, count));
    std::vector<model::Row> rows(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      rows[i].position = first + static_cast<std::int64_t>(i);
      rows[i].token = part[i];
      rows[i].wants_logits = all_rows || (last && i + 1 == part.size());
    }
    const model::KvSequencePages* const sequences[] = {&kv.pages(sequence)};
    RETURN_IF_ERROR(model.step(rows, {options.kv_type, sequences}, exec, out, t));
    kv.after_step(sequence, count);
    return {};
  };

  const std::int64_t chunk = std::max<std::int64_t>(1, options.chunk);
  for (std::int64_t first = 0; first < n; first += chunk) {
    const std::int64_t count = std::min(chunk, n - first);
    RETURN_IF_ERROR(feed(ids.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)),
                         options.all_rows, first + count == n, options.hidden ? &tap : nullptr));
    result.logits.insert(result.logits.end(), out.logits.begin(), out.logits.end());
  }
  if (options.hidden) result.hidden = tap.take();
  auto row = result.logits.end() - c.vocab_size;
  std::vector<float> logits(row, result.logits.end());
  for (std::int64_t i = 0; i < options.n_greedy; ++i) {
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    result.greedy_ids.push_back(static_cast<tokenizer::TokenId>(best));
    if (i + 1 == options.n_greedy) break;
    RETURN_IF_ERROR(feed({&result.greedy_ids.back(), 1}, false, true, nullptr));
    logits = out.logits;
  }
  return result;
}

}  // namespace carat::runtime
