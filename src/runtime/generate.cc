#include "runtime/generate.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/bad_alloc.h"
#include "runtime/sampler.h"
#include "runtime/step.h"

namespace carat::runtime {
namespace {

using tokenizer::TokenId;

std::vector<TokenId> suppressed_ids(const model::ModelConfig& config) {
  std::vector<TokenId> ids;
  for (const std::int64_t id : config.suppress_token_ids) {
    if (id >= 0 && id < config.vocab_size) ids.push_back(static_cast<TokenId>(id));
  }
  return ids;
}

/// An answer in the making.
class Answer {
 public:
  explicit Answer(const GenerateRequest& request)
      : request_(&request),
        session_(request.session),
        sampler_(request.sampling, suppressed_ids(session_->engine().model.config())) {
    if (auto ok = no_bad_alloc([&] { return begin(); }); !ok) fail(std::move(ok).error());
  }

  Session& session() { return *session_; }
  bool done() const { return done_; }
  bool cancelled() const { return request_->cancel != nullptr && request_->cancel->load(std::memory_order_relaxed); }
  GenerateResult&& result() { return std::move(result_); }

  void prompt_step() {
    const auto told = no_bad_alloc([&]() -> Result<void> {
      if (request_->prompt_progress) {
        request_->prompt_progress(session_->size() - session_->pending(), session_->size());
      }
      return {};
    });
    if (!told) fail(told.error());
  }
  void finish(FinishReason reason) {
    result_.reason = reason;
    done_ = true;
  }
  void fail(Error error) {
    result_.error = std::move(error);
    finish(FinishReason::kError);
  }

  /// Chooses the next token from the logits of the session's last row. One that cannot be handed on is not in the
  /// session.
  void take(std::span<const float> logits) {
    const std::int64_t position = session_->size();
    auto taken = no_bad_alloc([&] { return take_next(logits); });
    if (taken) return;
    session_->truncate(position);
    fail(std::move(taken).error());
  }

 private:
  Result<void> take_next(std::span<const float> logits) {
    GeneratedToken token{.position = session_->size()};
    auto id = sampler_.sample(logits, token.position);
    if (!id) return std::move(id).error().while_doing(fmt::format("choosing token {}", token.position));
    token.id = *id;
    RETURN_IF_ERROR(session_->append({&token.id, 1}));
    sampler_.add_answer_token(token.id);

    const auto& stop_ids = request_->stop_ids;
    if (std::find(stop_ids.begin(), stop_ids.end(), token.id) != stop_ids.end()) {
      result_.stop_id = token.id;
      finish(FinishReason::kStopToken);
      return {};
    }
    result_.tokens.push_back(token.id);
    if (request_->top_logprobs >= 0) token.logprobs = logprobs_of(logits, token.id, request_->top_logprobs);
    if (request_->sink && !request_->sink(token)) {
      finish(FinishReason::kSink);
    } else if (static_cast<std::int64_t>(result_.tokens.size()) == request_->max_tokens) {
      finish(FinishReason::kMaxTokens);
    } else if (session_->size() >= session_->engine().context) {
      finish(FinishReason::kContextFull);
    }
    return {};
  }

  Result<void> begin() {
    RETURN_IF_ERROR(check());
    for (const TokenId id : session_->tokens()) sampler_.add_prompt_token(id);
    if (request_->max_tokens == 0) finish(FinishReason::kMaxTokens);
    if (session_->pending() == 0) session_->recompute_last();  // its logits start the answer
    return {};
  }

  Result<void> check() const {
    const Engine& engine = session_->engine();
    RETURN_IF_ERROR(validate(request_->sampling, engine.model.config().vocab_size));
    if (session_->size() == 0) return invalid_argument("the prompt is empty: give at least one token, such as <bos>");
    if (session_->size() >= engine.context) {
      return limit_exceeded(
          fmt::format("prompt is {} tokens, context is {}: no position is left for an answer; shorten the prompt or "
                      "ask for a larger "
                      "context",
                      session_->size(), engine.context));
    }
    return {};
  }

  const GenerateRequest* request_;
  Session* session_;
  Sampler sampler_;
  GenerateResult result_;
  bool done_ = false;
};

/// All that answers together need, as large as it gets: what happens to one of them later does not stop the others.
struct Batch {
  std::vector<Answer> answers;
  std::vector<Answer*> active;
  std::vector<Feed> feeds;
  std::vector<GenerateResult> results;

  static Result<Batch> of(std::span<const GenerateRequest> requests) {
    Batch batch;
    batch.answers.reserve(requests.size());
    batch.active.reserve(requests.size());
    batch.feeds.reserve(requests.size());
    batch.results.reserve(requests.size());
    for (const GenerateRequest& request : requests) batch.answers.emplace_back(request);
    return batch;
  }
};

/// The rows of the next step: one of each session that generates; prompts share the engine's chunk, first come first.
void plan_step(std::span<Answer> answers, std::int64_t chunk, std::vector<Answer*>& active, std::vector<Feed>& feeds) {
  active.clear();
  feeds.clear();
  for (Answer& answer : answers) {
    if (!answer.done() && answer.cancelled()) answer.finish(FinishReason::kCancelled);
    if (answer.done()) continue;
    const std::int64_t pending = answer.session().pending();
    if (pending > 1 && chunk <= 0) continue;
    const std::int64_t n = pending > 1 ? answer.session().rows_within(chunk) : 1;
    if (pending > 1) chunk -= n;
    active.push_back(&answer);
    feeds.push_back({&answer.session(), n, n == pending ? OutputRows::kLast : OutputRows::kNone});
  }
}

/// Gives each answer whose prompt is complete the logits that belong to it.
void hand_out(std::span<Answer* const> active, std::span<const Feed> feeds, const model::StepOutput& out) {
  std::size_t row = 0;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    if (feeds[i].logits == OutputRows::kNone) {
      active[i]->prompt_step();
      continue;
    }
    const auto vocab_size = static_cast<std::size_t>(feeds[i].session->engine().model.config().vocab_size);
    active[i]->take(std::span(out.logits).subspan(row++ * vocab_size, vocab_size));
  }
}

void run(Engine& engine, Batch& batch) {
  auto& [answers, active, feeds, results] = batch;
  model::StepOutput out;
  for (;;) {
    plan_step(answers, std::max<std::int64_t>(1, engine.chunk), active, feeds);
    if (feeds.empty()) break;
    auto stepped = step(engine, feeds, out);
    if (stepped) {
      hand_out(active, feeds, out);
      continue;
    }
    if (feeds.size() == 1) {
      active[0]->fail(std::move(stepped).error());
      continue;
    }
    // Somebody's rows failed. Alone each gives the same bits as together, so the guilty are found and the others go on.
    for (std::size_t i = 0; i < feeds.size(); ++i) {
      if (auto alone = step(engine, {&feeds[i], 1}, out); !alone) {
        active[i]->fail(std::move(alone).error());
      } else {
        hand_out({&active[i], 1}, {&feeds[i], 1}, out);
      }
    }
  }

  for (Answer& answer : answers) results.push_back(answer.result());
}

}  // namespace

Result<std::vector<GenerateResult>> generate_batch(Engine& engine, std::span<const GenerateRequest> requests) {
  ASSIGN_OR_RETURN(Batch batch, no_bad_alloc([&] { return Batch::of(requests); }));
  run(engine, batch);
  return std::move(batch.results);
}

Result<GenerateResult> generate(const GenerateRequest& request) {
  ASSIGN_OR_RETURN(std::vector<GenerateResult> results, generate_batch(request.session->engine(), {&request, 1}));
  if (results[0].error) return *std::move(results[0].error);
  return std::move(results[0]);
}

}  // namespace carat::runtime
