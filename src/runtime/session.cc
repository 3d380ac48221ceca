#include "runtime/session.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/bad_alloc.h"

namespace carat::runtime {
namespace {

constexpr SequenceId kMoved = -1;

}  // namespace

Session::Session(Session&& other) noexcept
    : engine_(other.engine_),
      id_(std::exchange(other.id_, kMoved)),
      tokens_(std::move(other.tokens_)),
      blocks_(std::move(other.blocks_)) {}

Session& Session::operator=(Session&& other) noexcept {
  std::swap(engine_, other.engine_);
  std::swap(id_, other.id_);
  std::swap(tokens_, other.tokens_);
  std::swap(blocks_, other.blocks_);
  return *this;
}

Session::~Session() {
  if (id_ != kMoved) engine_->kv.remove_sequence(id_);
}

Result<void> Session::check_room(std::int64_t n_new) const {
  if (n_new <= engine_->context - size()) return {};
  return limit_exceeded(
      fmt::format("prompt is {} tokens, context is {}: shorten the prompt or ask for a larger context", size() + n_new,
                  engine_->context));
}

Result<void> Session::append(std::span<const tokenizer::TokenId> ids) {
  RETURN_IF_ERROR(check_room(static_cast<std::int64_t>(ids.size())));
  const std::int64_t vocab_size = engine_->model.config().vocab_size;
  for (const tokenizer::TokenId id : ids) {
    if (id < 0 || id >= vocab_size) {
      return invalid_argument(
          fmt::format("token id {} is not in the model's vocabulary (0 to {})", id, vocab_size - 1));
    }
  }
  return no_bad_alloc([&]() -> Result<void> {
    tokens_.insert(tokens_.end(), ids.begin(), ids.end());
    return {};
  });
}

Result<void> Session::append_soft(std::vector<float> embeddings, tokenizer::TokenId placeholder, bool mutual) {
  const std::int64_t d_model = engine_->model.config().d_model;
  const auto n_values = static_cast<std::int64_t>(embeddings.size());
  if (n_values == 0 || n_values % d_model != 0) {
    return invalid_argument(fmt::format("{} embedding values are no whole rows of {}", n_values, d_model));
  }
  const std::int64_t n = n_values / d_model;
  RETURN_IF_ERROR(check_room(n));
  return no_bad_alloc([&]() -> Result<void> {
    tokens_.reserve(tokens_.size() + static_cast<std::size_t>(n));
    blocks_.push_back({size(), size() + n, mutual, std::make_shared<const std::vector<float>>(std::move(embeddings))});
    tokens_.insert(tokens_.end(), static_cast<std::size_t>(n), placeholder);
    return {};
  });
}

void Session::truncate(std::int64_t position) {
  CARAT_CHECK(position >= 0 && position <= size());
  truncate_kv(position);
  tokens_.resize(static_cast<std::size_t>(position));
  while (!blocks_.empty() && blocks_.back().begin >= position) blocks_.pop_back();
  if (!blocks_.empty()) blocks_.back().end = std::min(blocks_.back().end, position);
}

void Session::recompute_last() {
  CARAT_CHECK(size() > 0);
  truncate_kv(size() - 1);
}

void Session::truncate_kv(std::int64_t position) {
  // The rows of a cut block saw the ones that go now, and a block is computed as a whole: back to its begin.
  if (const Block* cut = block_at(position); cut != nullptr && cut->mutual) position = cut->begin;
  engine_->kv.truncate(id_, std::min(position, engine_->kv.length(id_)));
}

Session Session::fork() const {
  Session twin(*engine_, engine_->kv.fork(id_));
  twin.tokens_ = tokens_;
  twin.blocks_ = blocks_;
  return twin;
}

const Session::Block* Session::block_at(std::int64_t position) const {
  const auto it = std::upper_bound(blocks_.begin(), blocks_.end(), position,
                                   [](std::int64_t p, const Block& b) { return p < b.end; });
  return it != blocks_.end() && it->begin <= position ? &*it : nullptr;
}

std::int64_t Session::rows_within(std::int64_t budget) const {
  const std::int64_t begin = engine_->kv.length(id_);
  const std::int64_t end = std::min(size(), begin + std::max<std::int64_t>(1, budget));
  const Block* cut = end < size() ? block_at(end) : nullptr;
  if (cut == nullptr || !cut->mutual || cut->begin == end) return end - begin;
  return cut->begin > begin ? cut->begin - begin : cut->end - begin;  // before the block, or all of it
}

void Session::append_rows(std::int64_t n, std::int32_t sequence_idx, std::int32_t& next_block,
                          std::vector<model::Row>& rows) const {
  const std::int64_t begin = engine_->kv.length(id_);
  CARAT_CHECK(n >= 0 && begin + n <= size());
  const std::int64_t d_model = engine_->model.config().d_model;
  for (std::int64_t p = begin; p < begin + n; ++p) {
    model::Row row{.sequence = sequence_idx, .position = p, .token = tokens_[static_cast<std::size_t>(p)]};
    if (const Block* block = block_at(p)) {
      row.soft_embedding = block->embeddings->data() + (p - block->begin) * d_model;
      if (block->mutual) row.block = p == block->begin ? next_block++ : next_block - 1;
    }
    rows.push_back(row);
  }
}

}  // namespace carat::runtime
