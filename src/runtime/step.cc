#include "runtime/step.h"

#include <vector>

#include "base/bad_alloc.h"

namespace carat::runtime {
namespace {

bool wanted(OutputRows which, bool is_last) {
  return which == OutputRows::kAll || (which == OutputRows::kLast && is_last);
}

Result<void> compute(Engine& engine, std::span<const Feed> feeds, model::StepOutput& out, model::ForwardTap* tap) {
  std::vector<model::Row> rows;
  std::vector<const model::KvSequencePages*> pages;
  std::int32_t next_block = 0;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    const Feed& feed = feeds[i];
    CARAT_CHECK(&feed.session->engine() == &engine && feed.n_rows > 0);
    RETURN_IF_ERROR(engine.kv.prepare(feed.session->sequence(), feed.n_rows));
    const std::size_t first_row = rows.size();
    feed.session->append_rows(feed.n_rows, static_cast<std::int32_t>(i), next_block, rows);
    for (std::size_t r = first_row; r < rows.size(); ++r) {
      rows[r].wants_logits = wanted(feed.logits, r + 1 == rows.size());
      rows[r].wants_hidden = wanted(feed.hidden, r + 1 == rows.size());
    }
    pages.push_back(&engine.kv.pages(feed.session->sequence()));
  }
  return engine.model.step(rows, {engine.kv.type(), pages}, engine.exec, out, tap);
}

/// Gives back what was prepared for a step that did not happen.
void undo(KvCache& kv, std::span<const Feed> feeds) {
  for (const Feed& feed : feeds) {
    const SequenceId id = feed.session->sequence();
    kv.truncate(id, kv.length(id));
  }
}

}  // namespace

Result<void> step(Engine& engine, std::span<const Feed> feeds, model::StepOutput& out, model::ForwardTap* tap) {
  if (auto done = no_bad_alloc([&] { return compute(engine, feeds, out, tap); }); !done) {
    undo(engine.kv, feeds);
    return done;
  }
  for (const Feed& feed : feeds) engine.kv.after_step(feed.session->sequence(), feed.n_rows);
  return {};
}

Result<void> prefill(Session& session, OutputRows logits, OutputRows hidden, model::StepOutput& out,
                     model::ForwardTap* tap) {
  out.logits.clear();
  out.hidden.clear();
  model::StepOutput chunk_out;
  while (session.pending() > 0) {
    const std::int64_t n = session.rows_within(session.engine().chunk);
    const bool last = n == session.pending();
    const auto of_chunk = [&](OutputRows w) { return w == OutputRows::kLast && !last ? OutputRows::kNone : w; };
    const Feed feed{&session, n, of_chunk(logits), of_chunk(hidden)};
    RETURN_IF_ERROR(step(session.engine(), {&feed, 1}, chunk_out, tap));
    RETURN_IF_ERROR(no_bad_alloc([&]() -> Result<void> {
      out.logits.insert(out.logits.end(), chunk_out.logits.begin(), chunk_out.logits.end());
      out.hidden.insert(out.hidden.end(), chunk_out.hidden.begin(), chunk_out.hidden.end());
      return {};
    }));
  }
  return {};
}

}  // namespace carat::runtime
