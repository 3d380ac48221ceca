#include "eval/logit_source.h"

#include "base/check.h"
#include "runtime/step.h"

namespace carat::eval {

ModelLogits::ModelLogits(model::Model& model, kernels::Exec& exec, runtime::KvCache kv)
    : kv_(std::move(kv)), engine_{model, kv_, exec, model.config().context_length} {}

Result<std::unique_ptr<ModelLogits>> ModelLogits::create(model::Model& model, kernels::Exec& exec,
                                                         model::KvType kv_type) {
  ASSIGN_OR_RETURN(runtime::KvCache kv, runtime::KvCache::create({.layouts = model.kv_layouts(kv_type),
                                                                  .n_layers = model.config().n_layers()}));
  return std::unique_ptr<ModelLogits>(new ModelLogits(model, exec, std::move(kv)));
}

Result<void> ModelLogits::start(std::span<const tokenizer::TokenId> ids) {
  session_.reset();  // its pages go back before the new sequence takes some
  session_.emplace(engine_);
  return session_->append(ids);
}

Result<std::span<const float>> ModelLogits::next(std::int64_t n) {
  CARAT_CHECK(session_.has_value() && n >= 1 && n <= session_->pending());
  const runtime::Feed feed{&*session_, n, runtime::OutputRows::kAll};
  RETURN_IF_ERROR(runtime::step(engine_, {&feed, 1}, out_));
  return std::span<const float>(out_.logits);
}

}  // namespace carat::eval
