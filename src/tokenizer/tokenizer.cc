#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/bad_alloc.h"
#include "base/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/code_point_map.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/joints.h"
#include "tokenizer/literal_matcher.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/piece_index.h"
#include "tokenizer/saved_tables.h"
#include "tokenizer/vocabulary_check.h"

namespace carat::tokenizer {

// On disk: changes whenever tables of before would be read wrongly, a new hash included.
constexpr std::uint32_t kTablesVersion = 2;

/// Everything encode needs, made once by create().
class Tokenizer::Impl {
 public:
  explicit Impl(Vocabulary v) : vocabulary(std::move(v)), index(vocabulary.pieces) {}
  /// Empty, for read().
  explicit Impl(std::shared_ptr<const void> tables)
      : index(vocabulary.pieces, PieceIndex::Unfilled()), owner(std::move(tables)) {}

  /// Fills what is not filled by the constructor. REQUIRES: check_shape(vocabulary) said yes.
  Result<void> prepare() {
    ASSIGN_OR_RETURN(byte_ids, settle_types(vocabulary, index));
    if (vocabulary.merges.empty() && !vocabulary.scores.empty()) {
      merges = MergeTable::from_scores(vocabulary, index);
    } else {
      ASSIGN_OR_RETURN(merges, MergeTable::from_ranks(vocabulary, index));
    }
    vocabulary.merges = {};  // 4 MB that the table now holds in another form
    vocabulary.scores = {};
    joints = Joints(vocabulary.pieces, merges.results());
    LiteralMatcher::Strings added_strings, control_strings;
    for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
      const std::string_view text = vocabulary.pieces[id];
      const PieceType type = vocabulary.types[id];
      if (type == PieceType::kAdded) added_strings.emplace_back(text, static_cast<TokenId>(id));
      if (type == PieceType::kControl) control_strings.emplace_back(text, static_cast<TokenId>(id));
      if (type != PieceType::kAdded && type != PieceType::kNormal) continue;
      const CodePoint point = decode_utf8(text, 0);
      if (point.length == text.size()) code_points.set(point.value, static_cast<TokenId>(id));
    }
    added = LiteralMatcher(added_strings);
    control_strings.insert(control_strings.end(), added_strings.begin(), added_strings.end());
    added_and_control = LiteralMatcher(control_strings);
    const auto named = [&](TokenId& id, std::string_view text) {
      if (id < 0) id = index.find(text).value_or(-1);
    };
    named(vocabulary.bos, control::kBos);
    named(vocabulary.eos, control::kEos);
    named(vocabulary.unk, control::kUnk);
    named(vocabulary.pad, control::kPad);
    return {};
  }

  std::vector<std::byte> save() const {
    std::vector<TokenId> ids(byte_ids.begin(), byte_ids.end());
    ids.insert(ids.end(), {vocabulary.bos, vocabulary.eos, vocabulary.unk, vocabulary.pad});
    TableWriter out;
    out.add(FlatArray<std::uint32_t>({kTablesVersion}));
    out.add(FlatArray<TokenId>(std::move(ids)));
    out.add(FlatArray<PieceType>(vocabulary.types));
    each_table(*this, out);
    return std::move(out).take();
  }

  /// False when the bytes are no tables, or unusable ones.
  bool read(std::span<const std::byte> bytes) {
    TableReader in(bytes);
    FlatArray<std::uint32_t> version;
    FlatArray<TokenId> ids;
    FlatArray<PieceType> types;
    in.add(version);
    if (version.size() != 1 || version[0] != kTablesVersion) return false;
    in.add(ids);
    in.add(types);
    each_table(*this, in);
    const std::size_t n = vocabulary.pieces.size();
    if (!in.complete() || ids.size() != byte_ids.size() + 4 || types.size() != n || n > kMaxPieces) return false;
    if (!vocabulary.pieces.usable() || !index.usable() || !merges.settle(n) || !joints.settle()) return false;
    if (!code_points.usable(n) || !added.usable(n) || !added_and_control.usable(n)) return false;
    const auto known = [&](TokenId id) { return id >= -1 && id < static_cast<TokenId>(n); };
    const auto known_type = [](PieceType type) { return type <= PieceType::kUnused; };
    if (!std::all_of(ids.span().begin(), ids.span().end(), known)) return false;
    if (!std::all_of(types.span().begin(), types.span().end(), known_type)) return false;
    vocabulary.types.assign(types.span().begin(), types.span().end());
    std::copy_n(ids.data(), byte_ids.size(), byte_ids.begin());
    const auto is_byte = [&](TokenId id) {
      return id >= 0 && vocabulary.types[static_cast<std::size_t>(id)] == PieceType::kByte;
    };
    if (!std::all_of(byte_ids.begin(), byte_ids.end(), is_byte)) return false;
    for (std::size_t id = 0; id < n; ++id) {  // byte_value() reads two digits of these
      if (types[id] == PieceType::kByte && vocabulary.pieces[id].size() != std::string_view("<0x00>").size())
        return false;
    }
    const TokenId* named = ids.data() + byte_ids.size();
    vocabulary.bos = named[0];
    vocabulary.eos = named[1];
    vocabulary.unk = named[2];
    vocabulary.pad = named[3];
    return true;
  }

  std::vector<TokenId> encode(std::string_view text, const LiteralMatcher& literals) const {
    std::vector<TokenId> ids, word;
    ids.reserve(text.size() / 4 + 1);
    std::size_t at = 0;
    if (!literals.empty()) {
      LiteralSearch search(literals, text);
      for (LiteralMatcher::Match match; search.next(match);) {
        encode_between(text.substr(at, match.begin - at), word, ids);
        ids.push_back(match.id);
        at = match.begin + match.length;
      }
    }
    encode_between(text.substr(at), word, ids);
    return ids;
  }

  Vocabulary vocabulary;  // without merges and scores
  PieceIndex index;       // borrows vocabulary.pieces; an Impl never moves
  ByteIds byte_ids{};
  MergeTable merges;
  Joints joints;
  CodePointMap code_points;
  LiteralMatcher added, added_and_control;
  std::shared_ptr<const void> owner;  // of tables that are only looked at

 private:
  template <typename Self, typename Tables>
  static void each_table(Self& self, Tables& tables) {
    PieceList::each_table(self.vocabulary.pieces, tables);
    PieceIndex::each_table(self.index, tables);
    MergeTable::each_table(self.merges, tables);
    Joints::each_table(self.joints, tables);
    CodePointMap::each_table(self.code_points, tables);
    LiteralMatcher::each_table(self.added, tables);
    LiteralMatcher::each_table(self.added_and_control, tables);
  }

  /// BPE of text that holds no literal. Cuts it into words at the joints; `word` is scratch.
  void encode_between(std::string_view text, std::vector<TokenId>& word, std::vector<TokenId>& ids) const {
    constexpr char32_t kSpaceSymbol = 0x2581;
    const auto end_word = [&] {
      if (word.size() == 1) {
        ids.push_back(word[0]);
      } else {
        merge_word(merges, word, ids);
      }
      word.clear();
    };
    char32_t previous = 0;
    for (std::size_t at = 0; at < text.size();) {
      CodePoint point = decode_utf8(text, at);
      if (point.value == U' ') point.value = kSpaceSymbol;
      const TokenId symbol = point.length == 0 ? -1 : code_points.find(point.value);
      if (!word.empty() && (symbol < 0 || !joints.joined(previous, point.value))) end_word();
      const std::size_t length = point.length == 0 ? 1 : point.length;
      if (symbol >= 0) {
        word.push_back(symbol);
        previous = point.value;
      } else {  // byte fallback
        for (const char c : text.substr(at, length)) ids.push_back(byte_ids[static_cast<unsigned char>(c)]);
      }
      at += length;
    }
    if (!word.empty()) end_word();
  }
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::create(Vocabulary vocabulary) {
  return no_bad_alloc([&]() -> Result<Tokenizer> {
    RETURN_IF_ERROR(check_shape(vocabulary));
    auto impl = std::make_unique<Impl>(std::move(vocabulary));
    RETURN_IF_ERROR(impl->prepare());
    return Tokenizer(std::move(impl));
  });
}

std::vector<std::byte> Tokenizer::save_tables() const { return impl_->save(); }

Result<Tokenizer> Tokenizer::from_tables(std::span<const std::byte> tables, std::shared_ptr<const void> owner) {
  return no_bad_alloc([&]() -> Result<Tokenizer> {
    auto impl = std::make_unique<Impl>(std::move(owner));
    if (!impl->read(tables)) return corrupt("tokenizer: the saved tables are not those of this version of carat");
    return Tokenizer(std::move(impl));
  });
}

std::vector<TokenId> Tokenizer::encode(std::string_view text) const { return impl_->encode(text, impl_->added); }

std::vector<TokenId> Tokenizer::encode_with_control(std::string_view text) const {
  return impl_->encode(text, impl_->added_and_control);
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  Detokenizer detokenizer(*this, {.control = Detokenizer::Control::kKeep, .runs = Detokenizer::Runs::kWhole});
  std::string text;
  for (const TokenId id : ids) text += detokenizer.push(id);
  return text += detokenizer.flush();
}

std::optional<TokenId> Tokenizer::control_id(std::string_view text) const {
  const auto id = impl_->index.find(text);
  return id && is_control(*id) ? id : std::nullopt;
}

PieceType Tokenizer::type(TokenId id) const {
  CARAT_CHECK(id >= 0 && static_cast<std::size_t>(id) < vocab_size());
  return impl_->vocabulary.types[static_cast<std::size_t>(id)];
}

unsigned char Tokenizer::byte_value(TokenId id) const {
  const auto digit = [](char c) { return static_cast<unsigned char>(c <= '9' ? c - '0' : c - 'A' + 10); };
  const std::string_view text = piece(id);  // "<0xE5>"
  return static_cast<unsigned char>(digit(text[3]) << 4 | digit(text[4]));
}

std::size_t Tokenizer::vocab_size() const { return impl_->vocabulary.pieces.size(); }

std::string_view Tokenizer::piece(TokenId id) const {
  CARAT_CHECK(id >= 0 && static_cast<std::size_t>(id) < vocab_size());
  return impl_->vocabulary.pieces[static_cast<std::size_t>(id)];
}

std::optional<TokenId> Tokenizer::find_piece(std::string_view text) const { return impl_->index.find(text); }

TokenId Tokenizer::bos() const { return impl_->vocabulary.bos; }
TokenId Tokenizer::eos() const { return impl_->vocabulary.eos; }
TokenId Tokenizer::unk() const { return impl_->vocabulary.unk; }
TokenId Tokenizer::pad() const { return impl_->vocabulary.pad; }

std::size_t Tokenizer::memory_bytes() const {
  const Impl& t = *impl_;
  return sizeof(Impl) + t.vocabulary.pieces.memory_bytes() + t.vocabulary.types.capacity() + t.index.memory_bytes() +
         t.merges.memory_bytes() + t.joints.memory_bytes() + t.code_points.memory_bytes() + t.added.memory_bytes() +
         t.added_and_control.memory_bytes();
}

}  // namespace carat::tokenizer
