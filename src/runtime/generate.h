#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "runtime/logprobs.h"
#include "runtime/sampling_params.h"
#include "runtime/session.h"
#include "runtime/stop.h"

namespace carat::runtime {

struct GeneratedToken {
  tokenizer::TokenId id = 0;
  std::int64_t position = 0;  ///< its index in the session
  Logprobs logprobs;          ///< empty unless asked for
};

/// Receives tokens as they come, on the stepping thread; false = enough. Stop tokens are not passed on.
using TokenSink = std::function<bool(const GeneratedToken&)>;

/// How much of a prompt is computed: called after each step that was not its last, on the stepping thread.
using PromptProgress = std::function<void(std::int64_t n_done, std::int64_t n_prompt)>;

/// One answer to be generated from a session's tokens.
struct GenerateRequest {
  Session* session = nullptr;
  SamplingParams sampling;
  std::vector<tokenizer::TokenId> stop_ids;
  std::int64_t max_tokens = -1;               ///< -1 = until a stop token or the end of the context
  int top_logprobs = -1;                      ///< -1 = none; 0 = of the chosen token; n = also of the n likeliest
  TokenSink sink;                             ///< may be empty
  PromptProgress prompt_progress;             ///< may be empty
  const std::atomic<bool>* cancel = nullptr;  ///< looked at before every step; may be set from any thread or signal
};

struct GenerateResult {
  FinishReason reason = FinishReason::kError;
  std::vector<tokenizer::TokenId> tokens;  ///< the answer without its stop token
  std::optional<tokenizer::TokenId>
      stop_id;                 ///< the stop token; it is in the session, so that a conversation can go on
  std::optional<Error> error;  ///< with kError
};

/// Generates one answer. The new tokens are in the session afterwards, the last one still pending.
/// Errors, before any work: kLimit when no position is left ("prompt is N tokens, context is M"), kInvalidArgument for
/// sampling parameters or an empty session. During it: those of step(), and kInternal for logits that are no numbers.
/// The session is whole after an error too: its prompt and the tokens that the sink has seen.
Result<GenerateResult> generate(const GenerateRequest& request);

/// The same for several sessions of one engine, all in the same steps: every session that is generating contributes
/// one row, those still reading their prompt share engine.chunk rows. One that fails ends alone, with its error in its
/// result; the others' tokens are the same as if it had not been there. Results in the order of the requests.
/// Errors of all together: kOutOfMemory, before any work.
Result<std::vector<GenerateResult>> generate_batch(Engine& engine, std::span<const GenerateRequest> requests);

}  // namespace carat::runtime
