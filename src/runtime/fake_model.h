#pragma once

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

  /// REQUIRES: one full layer with K/V of its own, heads of 4 or more.
  FakeModel(model::ModelConfig config, Script script) : config_(std::move(config)), script_(std::move(script)) {}

  /// Sliding layers with windows of 16 and 100, a full layer, and one that reads a donor's K/V.
  static model::ModelConfig small_config(std::int64_t vocab_size = 50);

  const model::ModelConfig& config() const override { return config_; }
  Result<void> step(std::span<const model::Row> rows, const model::KvView& kv, kernels::Exec& exec,
                    model::StepOutput& out, model::ForwardTap* tap) override;

  /// Refuses NaN and infinity with an error, as real models do; false = lets them through.
  void set_checks_logits(bool on) { checks_logits_ = on; }
  /// The rows of every step so far.
  const std::vector<std::vector<model::Row>>& steps() const { return steps_; }

 private:
  Result<void> write(const model::Row& row, const model::KvView& kv) const;
  Result<std::vector<TokenId>> history_of(const model::Row& row, const model::KvView& kv) const;

  model::ModelConfig config_;
  Script script_;
  bool checks_logits_ = true;
  std::vector<std::vector<model::Row>> steps_;
};

}  // namespace carat::runtime
