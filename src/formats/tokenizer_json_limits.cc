#include "formats/tokenizer_json_limits.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "tokenizer/vocabulary.h"

namespace carat::formats {
namespace {

constexpr std::size_t kMaxAddedTokens = 65'536;  ///< Gemma 3 has 6,415
constexpr std::size_t kMaxOtherValues = 100'000;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxStringBytes = 65'536;  ///< a piece of 1,024 bytes has at most 6,144 when each is escaped

/// The lists that may be long. What lies in them counts as theirs.
struct List {
  std::string_view key;
  std::string_view name;
  std::size_t key_depth;
  std::size_t max_elements;
  std::size_t values_each;
};
constexpr List kLists[] = {
    {"vocab", "pieces", 2, tokenizer::kMaxPieces, 1},
    {"merges", "merges", 2, tokenizer::kMaxMerges, 2},
    {"added_tokens", "added tokens", 1, kMaxAddedTokens, 16},
};

class Walk {
 public:
  Walk(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  Result<void> run() {
    for (std::size_t i = 0; i < text_.size(); ++i) {
      switch (text_[i]) {
        case '"':
          RETURN_IF_ERROR(skip_string(i));
          break;
        case ':':
          open_list();
          break;
        case '[':
        case '{':
          if (++depth_ > kMaxDepth) return too_many("levels of nesting", kMaxDepth);
          break;
        case ']':
        case '}':
          if (depth_ > 0) --depth_;
          if (list_ != nullptr && depth_ <= list_->key_depth) list_ = nullptr;
          break;
        case ',':
          RETURN_IF_ERROR(count());
          break;
        case ' ':
        case '\n':
        case '\r':
        case '\t':
          RETURN_IF_ERROR(skip_blanks(i));
          break;
        default:
          break;
      }
    }
    return {};
  }

 private:
  /// Moves `i` to the last blank of a run.
  Result<void> skip_blanks(std::size_t& i) {
    const std::size_t begin = i;
    i = std::min(text_.find_first_not_of(" \n\r\t", begin), text_.size()) - 1;
    if (i - begin >= kMaxStringBytes) return too_many("blanks in a row", kMaxStringBytes);
    return {};
  }

  /// Moves `i` from the opening quotation mark to the closing one, or to the last byte.
  Result<void> skip_string(std::size_t& i) {
    const std::size_t begin = i + 1;
    const std::size_t limit = std::min(text_.size(), begin + kMaxStringBytes + 1);
    std::size_t n_bytes = 0;  // an escape makes at least one byte
    for (i = begin; i < limit && text_[i] != '"'; ++i, ++n_bytes) {
      if (text_[i] == '\\') i += i + 1 < limit && text_[i + 1] == 'u' ? 5 : 1;
    }
    if (i >= limit && limit < text_.size()) return too_many("bytes in one string", kMaxStringBytes);
    if (list_ == &kLists[0] && (n_piece_bytes_ += n_bytes) > tokenizer::kMaxVocabularyBytes) {
      return too_many("bytes of pieces", tokenizer::kMaxVocabularyBytes);
    }
    if (i < text_.size() && list_ == nullptr) last_string_ = text_.substr(begin, i - begin);
    return {};
  }

  void open_list() {
    if (list_ != nullptr) return;
    for (const List& list : kLists) {
      if (list.key_depth != depth_ || list.key != last_string_) continue;
      list_ = &list;
      counts_ = &n_[&list - kLists];
      ++counts_->elements;  // the first one; each comma then announces another
      ++counts_->values;
    }
  }

  Result<void> count() {
    if (list_ != nullptr && depth_ == list_->key_depth) list_ = nullptr;  // it was no list, and is over
    if (list_ == nullptr) {
      if (++n_others_ > kMaxOtherValues) return too_many("values besides its pieces and merges", kMaxOtherValues);
      return {};
    }
    if (depth_ == list_->key_depth + 1) ++counts_->elements;
    ++counts_->values;
    if (counts_->elements > list_->max_elements || counts_->values > list_->max_elements * list_->values_each) {
      return too_many(list_->name, list_->max_elements);
    }
    return {};
  }

  Error too_many(std::string_view what, std::size_t most) const {
    return limit_exceeded(fmt::format("{}: has more than {} {}, the most that are read", where_, most, what));
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t depth_ = 0;
  std::string_view last_string_;  // outside of lists: what a colon makes a key
  struct Counts {
    std::size_t elements = 0, values = 0;
  };
  const List* list_ = nullptr;               // the one we are in
  Counts* counts_ = nullptr;                 // its own
  std::array<Counts, std::size(kLists)> n_;  // of all lists of a key, however often it is there
  std::size_t n_others_ = 0, n_piece_bytes_ = 0;
};

}  // namespace

Result<void> check_tokenizer_json_limits(std::string_view text, std::string_view where) {
  return Walk(text, where).run();
}

}  // namespace carat::formats
