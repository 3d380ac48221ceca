#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "model/model.h"
#include "runtime/kv_cache.h"
#include "runtime/session.h"

namespace carat::eval {

/// The logits of one sequence after the other, a few rows at a time, so that those of a long text never have to be in
/// memory at once.
///
///     RETURN_IF_ERROR(source.start(ids));
///     ASSIGN_OR_RETURN(const std::span<const float> logits, source.next(64));   // rows 0 to 63: [64, vocab]
class LogitSource {
 public:
  virtual ~LogitSource() = default;

  virtual std::int64_t vocab_size() const = 0;
  /// Begins a sequence; nothing of an earlier one stays.
  virtual Result<void> start(std::span<const tokenizer::TokenId> ids) = 0;
  /// The next n rows, [n, vocab]: row i is what comes after ids[0 .. i]. Valid until the next call.
  /// REQUIRES: start(), and n rows left.
  virtual Result<std::span<const float>> next(std::int64_t n) = 0;
};

/// A model that computes them. How many rows are taken at a time changes no bit of them.
class ModelLogits final : public LogitSource {
 public:
  /// `model` and `exec` outlive the object and serve one step at a time. Errors: those of KvCache::create.
  static Result<std::unique_ptr<ModelLogits>> create(model::Model& model, kernels::Exec& exec, model::KvType kv_type);

  std::int64_t vocab_size() const override { return engine_.model.config().vocab_size; }
  /// Errors: kLimit for more ids than the model's context, kInvalidArgument for an id outside its vocabulary.
  Result<void> start(std::span<const tokenizer::TokenId> ids) override;
  Result<std::span<const float>> next(std::int64_t n) override;

 private:
  ModelLogits(model::Model& model, kernels::Exec& exec, runtime::KvCache kv);

  runtime::KvCache kv_;
  runtime::Engine engine_;  ///< points to kv_
  std::optional<runtime::Session> session_;
  model::StepOutput out_;
};

}  // namespace carat::eval
