#include "kernels/attention.h"

#include <algorithm>
#include <vector>

#include "base/arena.h"
#include "base/check.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"

namespace carat::kernels {
namespace {

constexpr std::int64_t kPageKeys = 64;
// A span of a split tile: its scores stay in L2 between the three steps, and 8 heads x 8192 keys repay the regions.
constexpr std::int64_t kSpanScores = 8 * 8192;
constexpr std::int64_t kMaxSplitRows = AttentionSplit::kMaxRows;
constexpr std::int64_t kLine = 16;  // floats: rows of scores are no power of two apart, factors of rows share no line
// 8 heads x 256 keys: less is done by one thread before a second has been asked three times.
constexpr std::int64_t kMinSplitWork = 8 * 256;

// (row, query head) pairs [first, end) of one sequence's rows and one K/V head, counted head by head, then row by row.
struct Job {
  std::int64_t kv_head = 0, first = 0, end = 0;
  std::int64_t work = 0;  // keys, summed over the pairs
};

class Attention {
 public:
  Attention(MatView<const float> q, std::span<const AttentionRow> rows, const AttentionShape& shape, MatView<float> out,
            Exec& exec)
      : q_(q), rows_(rows), shape_(shape), out_(out), exec_(exec), heads_per_kv_(shape.n_heads / shape.n_kv_heads) {}

  void run() {
    divide();
    const auto split = choose_split();
    for (const Job& job : split) run_split(job);
    if (jobs_.empty()) return;
    exec_.pool->run(static_cast<std::int64_t>(jobs_.size()), [&](std::int64_t share, int) {
      exec_.table->attention(tile_of(jobs_[static_cast<std::size_t>(share)]));
    });
  }

 private:
  const AttentionRow& row_of(std::int64_t pair) const { return rows_[static_cast<std::size_t>(pair / heads_per_kv_)]; }

  // Jobs of whole queries, as large as leaves every thread a few: a block of K and V is read once a job.
  void divide() {
    const std::int64_t pairs = q_.rows * heads_per_kv_, n_threads = exec_.pool->n_threads();
    const std::int64_t wanted = std::max(kMaxSplitRows, pairs * shape_.n_kv_heads / (4 * n_threads));
    const std::int64_t queries =
        std::max<std::int64_t>(1, std::min(wanted, std::int64_t{AttentionTile::kMaxRows}) / heads_per_kv_);
    const std::int64_t most = std::min(queries * heads_per_kv_, std::int64_t{AttentionTile::kMaxRows});
    for (std::int64_t first = 0; first < pairs;) {
      Job job{0, first, first, 0};
      for (; job.end < std::min(first + most, pairs); ++job.end) {
        const AttentionRow& row = row_of(job.end);
        if (row.pages != row_of(first).pages) break;  // the next sequence
        CARAT_DCHECK(row.first_key < row.end_key);
        job.work += row.end_key - row.first_key;
      }
      for (job.kv_head = 0; job.kv_head < shape_.n_kv_heads; ++job.kv_head) jobs_.push_back(job);
      first = job.end;
    }
  }

  // Takes out of jobs_, the largest first, what would leave threads idle as a single share.
  std::vector<Job> choose_split() {
    std::vector<Job> split;
    const std::size_t n_threads = static_cast<std::size_t>(exec_.pool->n_threads());
    if (n_threads == 1 || exec_.table->attention_scores == nullptr || jobs_.size() > 64 * n_threads) return split;
    std::stable_sort(jobs_.begin(), jobs_.end(), [](const Job& a, const Job& b) { return a.work > b.work; });
    while (!jobs_.empty() && jobs_.front().work >= kMinSplitWork &&
           jobs_.front().end - jobs_.front().first <= kMaxSplitRows) {
      std::vector<std::int64_t> load(n_threads, 0);
      std::int64_t total = 0;
      for (const Job& job : jobs_) {
        *std::min_element(load.begin(), load.end()) += job.work;
        total += job.work;
      }
      const std::int64_t longest = *std::max_element(load.begin(), load.end());
      if (longest * static_cast<std::int64_t>(n_threads) * 5 <= total * 6) break;  // within a fifth of even
      split.push_back(jobs_.front());
      jobs_.erase(jobs_.begin());
    }
    return split;
  }

  AttentionTile tile_of(const Job& job) const {
    AttentionTile tile;
    tile.pages = row_of(job.first).pages;
    tile.head_offset = job.kv_head * 2 * kPageKeys * shape_.head_dim * (shape_.kv == KvElement::kF32 ? 4 : 2);
    tile.head_dim = shape_.head_dim;
    tile.scale = shape_.scale;
    tile.kv_type = static_cast<int>(shape_.kv);
    for (std::int64_t pair = job.first; pair < job.end; ++pair) {
      const std::int64_t t = pair / heads_per_kv_, head = job.kv_head * heads_per_kv_ + pair % heads_per_kv_;
      tile.q[tile.n_rows] = q_.row(t) + head * shape_.head_dim;
      tile.out[tile.n_rows] = out_.row(t) + head * shape_.head_dim;
      tile.first_key[tile.n_rows] = row_of(pair).first_key;
      tile.end_key[tile.n_rows] = row_of(pair).end_key;
      ++tile.n_rows;
    }
    return tile;
  }

  void run_split(const Job& job) {
    const AttentionTile tile = tile_of(job);
    const std::int64_t n = tile.n_rows, span_blocks = kSpanScores / (n * kPageKeys);
    const Arena::Scope scope(*exec_.arena);
    AttentionSplit split;
    split.stride = span_blocks * kPageKeys + kLine;
    split.factor_stride = (span_blocks + kLine - 1) / kLine * kLine;
    split.scores = exec_.arena->allocate<float>(n * split.stride);
    split.factors = exec_.arena->allocate<float>(n * split.factor_stride);
    split.m = exec_.arena->allocate<float>(n);
    split.l = exec_.arena->allocate<float>(n);
    const std::int64_t begin = *std::min_element(tile.first_key, tile.first_key + n) / kPageKeys;
    const std::int64_t end = (*std::max_element(tile.end_key, tile.end_key + n) + kPageKeys - 1) / kPageKeys;
    for (split.first_block = begin; split.first_block < end; split.first_block = split.end_block) {
      split.end_block = std::min(split.first_block + span_blocks, end);
      split.is_first = split.first_block == begin;
      split.is_last = split.end_block == end;
      run_span(tile, split);
    }
  }

  void run_span(const AttentionTile& tile, const AttentionSplit& split) {
    ThreadPool& pool = *exec_.pool;
    // A thread's parts follow one another in memory; several, so that another can help a thread that was put aside.
    const std::int64_t n_blocks = split.end_block - split.first_block;
    const std::int64_t block_parts = std::min<std::int64_t>(n_blocks, 4 * pool.n_threads());
    pool.run(block_parts, [&](std::int64_t part, int) {
      exec_.table->attention_scores(tile, split, split.first_block + n_blocks * part / block_parts,
                                    split.first_block + n_blocks * (part + 1) / block_parts);
    });
    pool.run(tile.n_rows,
             [&](std::int64_t row, int) { exec_.table->attention_weights(tile, split, static_cast<int>(row)); });
    // A part of d walks all pages: small ones would be many short streams.
    const std::int64_t vectors = tile.head_dim / 16;
    const std::int64_t d_parts = std::min<std::int64_t>(vectors, 2 * pool.n_threads());
    pool.run(d_parts, [&](std::int64_t part, int) {
      exec_.table->attention_values(tile, split, vectors * part / d_parts * 16, vectors * (part + 1) / d_parts * 16);
    });
  }

  MatView<const float> q_;
  std::span<const AttentionRow> rows_;
  const AttentionShape& shape_;
  MatView<float> out_;
  Exec& exec_;
  std::int64_t heads_per_kv_;
  std::vector<Job> jobs_;
};

}  // namespace

void attention(MatView<const float> q, std::span<const AttentionRow> rows, const AttentionShape& shape,
               MatView<float> out, Exec& exec) {
  CARAT_CHECK(q.rows == static_cast<std::int64_t>(rows.size()) && out.rows == q.rows);
  CARAT_CHECK(q.cols == shape.n_heads * shape.head_dim && out.cols == q.cols);
  CARAT_CHECK(shape.head_dim % 16 == 0 && shape.n_heads % shape.n_kv_heads == 0);
  if (q.rows == 0) return;
  Attention(q, rows, shape, out, exec).run();
}

std::size_t attention_scratch_bytes() {
  // scores, factors, m, l of one span with the most lines between rows
  return Arena::rounded_floats(kSpanScores + kMaxSplitRows * kLine) +
         Arena::rounded_floats(kSpanScores / kPageKeys + kMaxSplitRows * kLine) +
         2 * Arena::rounded_floats(kMaxSplitRows);
}

}  // namespace carat::kernels
