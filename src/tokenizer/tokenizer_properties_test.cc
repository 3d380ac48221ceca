// Properties over random vocabularies and texts: the tokenizer against the definition written out naively.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_testing.h"

namespace carat::tokenizer {
namespace {

using testing::id_of;
using testing::tiny_vocabulary;

const std::vector<std::string> kAlphabet = {"a", "b", "\xE2\x96\x81", "\n", "<", "\xC3\xA9", "\xF0\x9F\x98\x80"};

struct Grown {
  Vocabulary vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;
};

/// A vocabulary as training makes one: single code points, then joins of two pieces that are there. Some joins make a
/// piece again that is there already, in another way.
Grown grow(const std::vector<std::pair<unsigned, unsigned>>& choices) {
  Grown grown;
  std::vector<std::string> pieces = kAlphabet;
  for (const auto& [l, r] : choices) {
    const std::string left = pieces[l % pieces.size()], right = pieces[r % pieces.size()];
    const std::pair<std::string, std::string> merge(left, right);
    if (left.size() + right.size() > 40) continue;
    if (std::find(grown.merges.begin(), grown.merges.end(), merge) != grown.merges.end()) continue;
    if (std::find(pieces.begin(), pieces.end(), left + right) == pieces.end()) pieces.push_back(left + right);
    grown.merges.push_back(merge);
  }
  grown.vocabulary = tiny_vocabulary(pieces);
  return grown;
}

/// The definition: all pairs looked at, the best joined, until none is left. `priority` of a pair: lower first.
template <typename Priority>
std::vector<std::string> naive_bpe(std::vector<std::string> word, Priority priority) {
  while (true) {
    std::optional<double> best;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < word.size(); ++i) {
      const std::optional<double> p = priority(word[i], word[i + 1]);
      if (p && (!best || *p < *best)) best = p, at = i;
    }
    if (!best) return word;
    word[at] += word[at + 1];
    word.erase(word.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

rc::Gen<std::vector<std::pair<unsigned, unsigned>>> choices() {
  return rc::gen::container<std::vector<std::pair<unsigned, unsigned>>>(
      rc::gen::pair(rc::gen::inRange(0u, 1000u), rc::gen::inRange(0u, 1000u)));
}

std::vector<std::string> any_word() {
  return *rc::gen::scale(4, rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kAlphabet)));
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

RC_GTEST_PROP(TokenizerProperties, RanksAsTheDefinitionSays, ()) {
  Grown grown = grow(*choices());
  testing::add_merges(grown.vocabulary, grown.merges);
  std::map<std::pair<std::string, std::string>, double> rank;
  for (const auto& merge : grown.merges) rank.emplace(merge, static_cast<double>(rank.size()));
  const Tokenizer tokenizer = Tokenizer::create(std::move(grown.vocabulary)).value();
  const std::vector<std::string> word = any_word();
  RC_ASSERT(testing::texts(tokenizer, tokenizer.encode(joined(word))) ==
            naive_bpe(word, [&](const std::string& l, const std::string& r) -> std::optional<double> {
              const auto it = rank.find({l, r});
              return it == rank.end() ? std::nullopt : std::optional(it->second);
            }));
}

RC_GTEST_PROP(TokenizerProperties, ScoresAsTheDefinitionSays, ()) {
  Grown grown = grow(*choices());
  std::map<std::string, double> score;
  for (std::size_t id = 0; id < grown.vocabulary.pieces.size(); ++id) {
    grown.vocabulary.scores.push_back(static_cast<float>(*rc::gen::inRange(-20, 20)));  // few values: many ties
    score[std::string(grown.vocabulary.pieces[id])] = grown.vocabulary.scores.back();
  }
  const Tokenizer tokenizer = Tokenizer::create(std::move(grown.vocabulary)).value();
  const std::vector<std::string> word = any_word();
  RC_ASSERT(testing::texts(tokenizer, tokenizer.encode(joined(word))) ==
            naive_bpe(word, [&](const std::string& l, const std::string& r) -> std::optional<double> {
              const auto it = score.find(l + r);
              return it == score.end() ? std::nullopt : std::optional(-it->second);
            }));
}

RC_GTEST_PROP(TokenizerProperties, HeapAndScanAgree, ()) {
  Grown grown = grow(*choices());
  testing::add_merges(grown.vocabulary, grown.merges);
  const PieceIndex index(grown.vocabulary.pieces);
  const MergeTable table = MergeTable::from_ranks(grown.vocabulary, index).value();
  std::vector<TokenId> word;
  for (const std::string& symbol : any_word()) word.push_back(id_of(grown.vocabulary, symbol));
  if (word.size() > 48) word.resize(48);
  std::vector<TokenId> copy = word, by_scan, by_heap;
  merge_short_word(table, word, by_scan);
  merge_long_word(table, copy, by_heap);
  RC_ASSERT(by_scan == by_heap);
}

/// A tokenizer with added and control pieces among the others.
Tokenizer any_tokenizer() {
  Grown grown = grow(*choices());
  for (const char* text : {"<a>", "<ab>", "<bos>", "\xE2\x96\x81\xE2\x96\x81\n"}) {
    if (id_of(grown.vocabulary, text) >= 0) continue;
    grown.vocabulary.pieces.push_back(text);
    grown.vocabulary.types.push_back(PieceType::kAdded);
  }
  testing::add_merges(grown.vocabulary, grown.merges);
  return Tokenizer::create(std::move(grown.vocabulary)).value();
}

std::string any_valid_text() {
  std::string text;
  for (const auto& [kind, value] : *rc::gen::container<std::vector<std::pair<int, char32_t>>>(
           rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::cast<char32_t>(rc::gen::inRange(0u, 0x110000u))))) {
    if (kind == 0) {
      text += *rc::gen::elementOf(std::vector<std::string>{" ", "<a>", "<bos>", "<ab>", "a", "b", "\n", "\xC3\xA9"});
    } else if (kind == 1) {
      text += static_cast<char>(value % 128);
    } else if ((value < 0xD800 || value > 0xDFFF) && value != 0x2581) {
      append_utf8(value, text);
    }
  }
  return text;
}

RC_GTEST_PROP(TokenizerProperties, DecodeUndoesEncode, ()) {
  const Tokenizer tokenizer = any_tokenizer();
  const std::string text = any_valid_text();
  RC_ASSERT(tokenizer.decode(tokenizer.encode(text)) == text);
  RC_ASSERT(tokenizer.decode(tokenizer.encode_with_control(text)) == text);
  for (const TokenId id : tokenizer.encode(text)) RC_ASSERT(!tokenizer.is_control(id));
}

RC_GTEST_PROP(TokenizerProperties, AnyBytesEncode, (const std::vector<unsigned char>& bytes)) {
  const Tokenizer tokenizer = any_tokenizer();
  const std::string text(bytes.begin(), bytes.end());
  std::string back;
  for (const TokenId id : tokenizer.encode(text)) {
    if (tokenizer.type(id) == PieceType::kByte) {
      back += static_cast<char>(tokenizer.byte_value(id));
    } else {
      back += tokenizer.decode(std::vector{id});
    }
  }
  std::string expected;  // U+2581 is a space to the tokenizer
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool space = text.compare(at, 3, "\xE2\x96\x81") == 0;
    expected += space ? ' ' : text[at];
    if (space) at += 2;
  }
  RC_ASSERT(back == expected);
}

RC_GTEST_PROP(TokenizerProperties, StreamedTextIsTheWholeText, ()) {
  const Tokenizer tokenizer = any_tokenizer();
  const auto n = static_cast<TokenId>(tokenizer.vocab_size());
  // Many bytes of few kinds, so that whole, cut and broken sequences come up.
  const auto ids = *rc::gen::container<std::vector<TokenId>>(
      rc::gen::oneOf(rc::gen::elementOf(std::vector<TokenId>{0xE5, 0x8F, 0xAB, 0x41, 0xF0, 0x9F, 0x98, 0x80}),
                     rc::gen::inRange(TokenId{0}, n)));
  Detokenizer stream(tokenizer, {.control = Detokenizer::Control::kKeep});
  Detokenizer runs(tokenizer, {.control = Detokenizer::Control::kKeep, .runs = Detokenizer::Runs::kWhole});
  std::string streamed, by_runs;
  for (const TokenId id : ids) {
    const std::string text = stream.push(id);
    RC_ASSERT(is_valid_utf8(text));
    streamed += text;
    by_runs += runs.push(id);
  }
  streamed += stream.flush();
  by_runs += runs.flush();
  RC_ASSERT(is_valid_utf8(streamed));
  RC_ASSERT(by_runs == tokenizer.decode(ids));
  // The two rules part only where a run of bytes is broken after a whole code point of its own.
  if (by_runs.find(kReplacementCharacter) == std::string::npos) RC_ASSERT(streamed == by_runs);
}

}  // namespace
}  // namespace carat::tokenizer
