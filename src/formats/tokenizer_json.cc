#include "formats/tokenizer_json.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/file.h"
#include "formats/merge_texts.h"
#include "formats/printable.h"
#include "formats/tokenizer_json_limits.h"
#include "formats/tokenizer_pipeline.h"

namespace carat::formats {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using tokenizer::kMaxMerges;
using tokenizer::kMaxPieces;
using tokenizer::PieceType;
using tokenizer::TokenId;
using tokenizer::Vocabulary;

constexpr std::uint64_t kMaxTokenizerJsonBytes = std::uint64_t{256} << 20;

struct Piece {
  std::string_view text;  // into the parser's buffer; data() null = no piece of this id yet
  PieceType type = PieceType::kNormal;
};

class Reader {
 public:
  explicit Reader(std::string_view where) : where_(where) {}

  Result<Vocabulary> read(const element& root) {
    RETURN_IF_ERROR(check_tokenizer_pipeline(root, where_));
    object vocab;
    if (root.at_pointer("/model/vocab").get(vocab) != simdjson::SUCCESS) return broken("model.vocab is not an object");
    RETURN_IF_ERROR(read_vocab(vocab));
    if (element added; root["added_tokens"].get(added) == simdjson::SUCCESS && !added.is_null()) {
      array tokens;
      if (added.get(tokens) != simdjson::SUCCESS) return broken("added_tokens is not an array");
      for (const element token : tokens) RETURN_IF_ERROR(read_added(token));
    }
    RETURN_IF_ERROR(fill_pieces());
    array merges;
    if (root.at_pointer("/model/merges").get(merges) != simdjson::SUCCESS)
      return broken("model.merges is not an array");
    RETURN_IF_ERROR(read_merges(merges));
    return std::move(vocabulary_);
  }

 private:
  Error broken(std::string_view what) const {
    return corrupt(fmt::format("{}: {}; copy or download the file again", where_, what));
  }

  /// The place of an id, growing the list; a file names each id once, so that ids cannot be far above its length.
  Result<Piece*> place(std::int64_t id, std::string_view text) {
    if (id < 0 || id >= static_cast<std::int64_t>(kMaxPieces)) {
      return limit_exceeded(
          fmt::format("{}: \"{}\" has the id {}; 0 to {} is possible", where_, printable(text), id, kMaxPieces - 1));
    }
    const auto index = static_cast<std::size_t>(id);
    if (index >= pieces_.size()) pieces_.resize(index + 1);
    return &pieces_[index];
  }

  Result<void> read_vocab(const object& vocab) {
    pieces_.reserve(std::min(vocab.size(), kMaxPieces));
    for (const auto field : vocab) {
      std::int64_t id = 0;
      if (field.value.get(id) != simdjson::SUCCESS) {
        return broken(fmt::format("the id of \"{}\" is not an integer", printable(field.key)));
      }
      ASSIGN_OR_RETURN(Piece * piece, place(id, field.key));
      if (piece->text.data() != nullptr) {
        return broken(
            fmt::format("\"{}\" and \"{}\" both have the id {}", printable(piece->text), printable(field.key), id));
      }
      piece->text = field.key;
    }
    return {};
  }

  Result<void> read_added(const element& token) {
    std::string_view text;
    std::int64_t id = 0;
    if (token["content"].get(text) != simdjson::SUCCESS || token["id"].get(id) != simdjson::SUCCESS) {
      return broken("an entry of added_tokens has no content or no id");
    }
    const auto flag = [&](std::string_view name) {
      bool value = false;
      return token[name].get(value) == simdjson::SUCCESS && value;
    };
    for (const std::string_view name : {"single_word", "lstrip", "rstrip"}) {
      if (flag(name)) {
        return unsupported(fmt::format("{}: added token \"{}\" asks for {}; carat matches added tokens as they are",
                                       where_, printable(text), name));
      }
    }
    ASSIGN_OR_RETURN(Piece * piece, place(id, text));
    if (piece->text.data() != nullptr && piece->text != text) {
      return broken(fmt::format("added token \"{}\" has the id {} of the piece \"{}\"", printable(text), id,
                                printable(piece->text)));
    }
    *piece = {text, flag("special") ? PieceType::kControl : PieceType::kAdded};
    return {};
  }

  Result<void> fill_pieces() {
    std::size_t n_bytes = 0;
    for (std::size_t id = 0; id < pieces_.size(); ++id) {
      if (pieces_[id].text.data() == nullptr) return broken(fmt::format("no piece has the id {}", id));
      n_bytes += pieces_[id].text.size();
    }
    if (n_bytes > tokenizer::kMaxVocabularyBytes) {
      return limit_exceeded(fmt::format("{}: the pieces hold {} bytes; at most {} are read", where_, n_bytes,
                                        tokenizer::kMaxVocabularyBytes));
    }
    vocabulary_.pieces.reserve(pieces_.size(), n_bytes + n_bytes / 16);
    vocabulary_.types.reserve(pieces_.size());
    for (const Piece& piece : pieces_) {
      if (piece.text.find(' ') == std::string_view::npos) {
        vocabulary_.pieces.push_back(piece.text);
      } else {
        vocabulary_.pieces.push_back(with_space_symbols(piece.text));
      }
      vocabulary_.types.push_back(piece.type);
    }
    return {};
  }

  Result<void> read_merges(const array& merges) {
    MergeTexts texts(vocabulary_.pieces, where_);
    std::size_t n = 0;
    for (const element merge : merges) {
      if (++n > kMaxMerges) {
        return limit_exceeded(fmt::format("{}: has more than {} merges, the most that are read", where_, kMaxMerges));
      }
      std::string_view left, right;
      if (merge.get(left) == simdjson::SUCCESS) {
        RETURN_IF_ERROR(texts.add(left));
        continue;
      }
      array pair;
      if (merge.get(pair) != simdjson::SUCCESS || pair.size() != 2 || pair.at(0).get(left) != simdjson::SUCCESS ||
          pair.at(1).get(right) != simdjson::SUCCESS) {
        return broken(fmt::format("merge {} is neither \"left right\" nor [\"left\", \"right\"]", n - 1));
      }
      RETURN_IF_ERROR(texts.add(left, right));
    }
    vocabulary_.merges = std::move(texts).take();
    return {};
  }

  std::string_view where_;
  std::vector<Piece> pieces_;
  Vocabulary vocabulary_;
};

}  // namespace

Result<Vocabulary> parse_tokenizer_json(std::string_view text, std::string_view where) {
  if (text.size() > kMaxTokenizerJsonBytes) {
    return limit_exceeded(
        fmt::format("{}: has {} bytes; at most {} are read", where, text.size(), kMaxTokenizerJsonBytes));
  }
  RETURN_IF_ERROR(check_tokenizer_json_limits(text, where));
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    if (error == simdjson::MEMALLOC) return out_of_memory(fmt::format("{}: no memory to read it", where));
    return corrupt(fmt::format("{}: is not valid JSON ({}); copy or download the file again", where,
                               simdjson::error_message(error)));
  }
  return Reader(where).read(root);
}

Result<Vocabulary> read_tokenizer_json(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  return parse_tokenizer_json(file.text(), path.string());
}

}  // namespace carat::formats
