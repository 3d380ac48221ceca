#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/model.h"
#include "runtime/kv_cache.h"

namespace carat::runtime {

/// What sessions share: a model, the memory for keys and values, the kernels, and two numbers. Owns nothing.
struct Engine {
  model::Model& model;
  KvCache& kv;
  kernels::Exec& exec;
  std::int64_t context = 4096;  ///< positions a session may use, prompt and answer together
  std::int64_t chunk = 512;     ///< prompt rows per step; changes speed and memory, never the result
};

/// One conversation: its tokens, and how many of them are already in the K/V cache. The others are pending; they are
/// computed by the next step (runtime/step.h), which generate() (runtime/generate.h) calls until the answer ends.
///
///     Engine engine{model, kv, exec, 4096};
///     Session session(engine);
///     RETURN_IF_ERROR(session.append(prompt_ids));                     // refused when it does not fit
///     ASSIGN_OR_RETURN(GenerateResult answer, generate({.session = &session, .stop_ids = {1, 106}, .max_tokens = 200,
///                                                       .sink = [&](const GeneratedToken& t) { return show(t.id);
///                                                       }}));
///     RETURN_IF_ERROR(session.append(next_turn_ids));                  // the conversation goes on
///     Session other_ending = session.fork();                           // or in two ways, sharing what is common
///     session.truncate(prompt_ids.size());                             // or again from an earlier place
///
/// The result of a conversation is a function of its tokens: chunks, forks, truncation and whatever other sessions
/// compute in the same steps change nothing. Not thread-safe: belongs to the stepping thread, ends before its Engine.
class Session {
 public:
  explicit Session(Engine& engine) : engine_(&engine), id_(engine.kv.create_sequence()) {}
  Session(Session&& other) noexcept;
  Session& operator=(Session&& other) noexcept;
  ~Session();

  /// Errors: kLimit "prompt is N tokens, context is M"; kInvalidArgument for an id outside the vocabulary.
  /// Nothing is appended then.
  Result<void> append(std::span<const tokenizer::TokenId> ids);

  /// Rows with embeddings of their own, [n, d_model], unscaled: one picture, one stretch of sound. `mutual` rows see
  /// each other where the model's config says so, and are never split over steps. `placeholder` stands in tokens().
  Result<void> append_soft(std::vector<float> embeddings, tokenizer::TokenId placeholder, bool mutual);

  /// Forgets everything from `position` on. K/V that other rows could see there is computed again when needed: behind
  /// a sliding window it may be all of it, see pending(). REQUIRES: 0 <= position <= size().
  void truncate(std::int64_t position);

  /// Makes the last token pending again, for its logits. REQUIRES: size() > 0.
  void recompute_last();

  /// A second session in the same state. K/V is shared until one of the two writes.
  Session fork() const;

  std::int64_t size() const { return static_cast<std::int64_t>(tokens_.size()); }
  std::int64_t pending() const { return size() - engine_->kv.length(id_); }
  std::span<const tokenizer::TokenId> tokens() const { return tokens_; }
  Engine& engine() const { return *engine_; }

  // For step():
  SequenceId sequence() const { return id_; }
  /// How many of the pending rows to compute at once: about `budget`, without cutting a mutual block.
  std::int64_t rows_within(std::int64_t budget) const;
  /// The next n pending rows. Their block numbers count up from `next_block`, which is advanced.
  void append_rows(std::int64_t n, std::int32_t sequence_idx, std::int32_t& next_block,
                   std::vector<model::Row>& rows) const;

 private:
  /// Positions [begin, end) with soft embeddings, shared by forks.
  struct Block {
    std::int64_t begin;
    std::int64_t end;
    bool mutual;
    std::shared_ptr<const std::vector<float>> embeddings;
  };

  Session(Engine& engine, SequenceId id) : engine_(&engine), id_(id) {}
  Result<void> check_room(std::int64_t n_new) const;
  void truncate_kv(std::int64_t position);
  const Block* block_at(std::int64_t position) const;

  Engine* engine_;
  SequenceId id_;
  std::vector<tokenizer::TokenId> tokens_;
  std::vector<Block> blocks_;  ///< ascending
};

}  // namespace carat::runtime
