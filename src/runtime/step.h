#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "model/forward_tap.h"
#include "model/rows.h"
#include "runtime/session.h"

namespace carat::runtime {

/// Which of the rows fed are to give logits (or hidden states).
enum class OutputRows : std::uint8_t { kNone, kLast, kAll };

/// A share of one step: the next n_rows pending rows of a session.
struct Feed {
  Session* session = nullptr;
  std::int64_t n_rows = 0;
  OutputRows logits = OutputRows::kNone;
  OutputRows hidden = OutputRows::kNone;
};

/// Computes the rows of all feeds in ONE step of the model; they are in the K/V cache afterwards. Output rows come in
/// the order of the feeds. REQUIRES: sessions of `engine`, each once; mutual blocks whole (Session::rows_within).
/// Errors: the model's, or the K/V cache's; every session is then as before.
Result<void> step(Engine& engine, std::span<const Feed> feeds, model::StepOutput& out,
                  model::ForwardTap* tap = nullptr);

/// Computes all pending rows of one session in chunks of engine.chunk, collecting the output rows of all chunks:
/// prompts for probes and perplexity. kLast is the session's last row.
/// Errors: those of step; rows before the failing chunk stay computed.
Result<void> prefill(Session& session, OutputRows logits, OutputRows hidden, model::StepOutput& out,
                     model::ForwardTap* tap = nullptr);

}  // namespace carat::runtime
