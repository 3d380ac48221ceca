#include "eval/saved_logits.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/file.h"
#include "formats/safetensors/safetensors_part.h"
#include "formats/tensor_values.h"

namespace carat::eval {

using tokenizer::TokenId;

bool SavedLogits::is_one(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  const auto file = MappedFile::open(path);
  if (!file || !formats::looks_like_safetensors(file->bytes())) return false;
  const auto contents = formats::parse_safetensors(file->bytes(), path.string());
  if (!contents) return true;  // open() says what is broken
  return std::any_of(contents->tensors.begin(), contents->tensors.end(),
                     [](const formats::Tensor& t) { return t.name == "logits"; });
}

Result<std::unique_ptr<SavedLogits>> SavedLogits::open(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(formats::SafetensorsSource source, formats::SafetensorsSource::open(path));
  std::unique_ptr<SavedLogits> saved(new SavedLogits(path, std::move(source)));
  RETURN_IF_ERROR(saved->read_header());
  return saved;
}

Result<void> SavedLogits::read_header() {
  const formats::Tensor* ids = source_.find("ids");
  const formats::Tensor* logits = source_.find("logits");
  if (ids == nullptr || logits == nullptr) {
    return not_found(fmt::format("{}: has no tensor \"{}\"; write the file with `carat probe --rows all`",
                                 path_.string(), ids == nullptr ? "ids" : "logits"));
  }
  ASSIGN_OR_RETURN(const std::vector<std::int64_t> values, formats::to_ints(*ids));
  const auto n = static_cast<std::int64_t>(values.size());
  if (logits->shape.size() != 2 || logits->shape[0] != n || logits->shape[1] < 1) {
    return invalid_argument(
        fmt::format("{}: logits of {} rows for {} ids; write the file with `carat probe --rows all`", path_.string(),
                    logits->shape.size() == 2 ? logits->shape[0] : 1, n));
  }
  vocab_size_ = logits->shape[1];
  for (const std::int64_t id : values) {
    if (id < 0 || id >= vocab_size_) {
      return invalid_argument(fmt::format("{}: {} is no token id of its {} logits", path_.string(), id, vocab_size_));
    }
    ids_.push_back(static_cast<TokenId>(id));
  }
  return {};
}

std::string SavedLogits::metadata(const std::string& key) const {
  const auto it = source_.metadata().find(key);
  return it == source_.metadata().end() ? "" : it->second;
}

Result<void> SavedLogits::start(std::span<const TokenId> ids) {
  next_row_ = 0;
  if (std::equal(ids.begin(), ids.end(), ids_.begin(), ids_.end())) return {};
  const auto [mine, theirs] = std::mismatch(ids_.begin(), ids_.end(), ids.begin(), ids.end());
  const auto at = [](auto it, auto end) { return it == end ? std::string("nothing") : fmt::format("id {}", *it); };
  return invalid_argument(fmt::format(
      "{}: was saved for another text: at position {} it has {}, the text has {} ({} ids against {}); save it for the "
      "ids of this text, or leave TEXT away to use the saved ids",
      path_.string(), mine - ids_.begin(), at(mine, ids_.end()), at(theirs, ids.end()), ids_.size(), ids.size()));
}

Result<std::span<const float>> SavedLogits::next(std::int64_t n) {
  const formats::Tensor& logits = *source_.find("logits");
  CARAT_CHECK(n >= 1 && next_row_ + n <= logits.shape[0]);
  const std::size_t row_bytes = logits.data.size() / static_cast<std::size_t>(logits.shape[0]);
  const auto part =
      logits.data.subspan(static_cast<std::size_t>(next_row_) * row_bytes, static_cast<std::size_t>(n) * row_bytes);
  const formats::Tensor rows{logits.name, logits.dtype, {n, vocab_size_}, part};
  rows_ = {};  // first, so that two chunks are never in memory
  ASSIGN_OR_RETURN(rows_, formats::to_floats(rows));
  MappedFile::drop_pages(part);
  next_row_ += n;
  return std::span<const float>(rows_);
}

}  // namespace carat::eval
