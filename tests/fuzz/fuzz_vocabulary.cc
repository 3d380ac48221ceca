// One vocabulary built of records, written down twice, as tokenizer.json and as GGUF metadata: both readers make the
// same tokenizer of it or both refuse it; what they make holds for hard texts and for one of the input's own, and its
// saved tables make it again. Or with scores in place of merges, as Gemma 3's GGUF files have them.
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "formats/gguf_vocabulary.h"
#include "formats/tokenizer_json.h"
#include "fuzz/choices.h"
#include "fuzz/target.h"
#include "fuzz/tokenizer_checks.h"

#include <nlohmann/json.hpp>

namespace carat::fuzz {
namespace {

using tokenizer::Tokenizer;

constexpr std::array<std::string_view, 24> kPieces = {"a",
                                                      "b",
                                                      "c",
                                                      "ab",
                                                      "bc",
                                                      "abc",
                                                      "aa",
                                                      "aaa",
                                                      "\xE2\x96\x81",
                                                      "\xE2\x96\x81\xE2\x96\x81",
                                                      "\n",
                                                      "\n\n",
                                                      "<bos>",
                                                      "<eos>",
                                                      "<|turn>",
                                                      "<turn|>",
                                                      "<a>",
                                                      "<ab>",
                                                      "<",
                                                      "\xC3\xA9",
                                                      "\xF0\x9F\x98\x80",
                                                      "\xEF\xBB\xBF",
                                                      "a\xE2\x96\x81",
                                                      "<0x4"};
// Types as GGUF numbers them.
enum : int { kNormal = 1, kControl = 3, kUser = 4, kByte = 6 };

struct Records {
  std::vector<std::string> pieces;
  std::vector<std::int32_t> types;
  std::vector<std::pair<std::string, std::string>> merges;
  bool pairs = false;         // merges as arrays of two
  std::vector<float> scores;  // in place of merges, if there are any
};

Records choose_records(Choices& choose) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  Records records;
  const std::uint32_t without = choose.one_in(64) ? choose.below(256) : 256;
  for (unsigned i = 0; i < 256; ++i) {
    if (i == without) continue;
    records.pieces.push_back(std::string{'<', '0', 'x', kHex[i >> 4], kHex[i & 15], '>'});
    records.types.push_back(choose.one_in(200) ? kNormal : kByte);
  }
  const auto has = [&](const std::string& piece) {
    return std::find(records.pieces.begin(), records.pieces.end(), piece) != records.pieces.end();
  };
  const auto add = [&](std::string piece, std::int32_t type) {
    if (has(piece) && !choose.one_in(64)) return;
    records.pieces.push_back(std::move(piece));
    records.types.push_back(type);
  };
  for (std::uint32_t n = choose.below(24); n > 0; --n) {
    std::string piece = choose.one_in(8) ? choose.text(12) : std::string(choose.among(kPieces));
    if (!is_valid_utf8(piece)) piece = replace_invalid_utf8(piece);  // JSON could not say it
    constexpr std::array<std::int32_t, 4> kTypes = {kNormal, kControl, kUser, kNormal};
    add(std::move(piece), choose.one_in(4) ? choose.among(kTypes) : kNormal);
  }
  records.pairs = choose.one_in(2);
  const bool with_scores = choose.one_in(4);
  for (std::uint32_t n = choose.below(24); n > 0; --n) {
    const std::string left = choose.among(records.pieces), right = choose.among(records.pieces);
    if (!choose.one_in(16)) add(left + right, kNormal);
    records.merges.emplace_back(left, right);
  }
  if (with_scores) {
    constexpr std::array<float, 6> kScores = {
        0, -1, -2, 5, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
    for (std::size_t id = 0; id < records.pieces.size(); ++id) {
      records.scores.push_back(choose.one_in(64) ? choose.among(kScores) : kScores[id * 7 % 4]);
    }
  }
  return records;
}

std::string as_tokenizer_json(const Records& records) {
  Json vocab = Json::object(), added = Json::array(), merges = Json::array();
  Json::object_t::Container& members = vocab.get_ref<Json::object_t&>();  // as a list: names may repeat
  for (std::size_t id = 0; id < records.pieces.size(); ++id) {
    if (records.types[id] == kControl || records.types[id] == kUser) {
      added.push_back({{"id", id}, {"content", records.pieces[id]}, {"special", records.types[id] == kControl}});
    }
    members.emplace_back(records.pieces[id], id);
  }
  for (const auto& [left, right] : records.merges) {
    if (records.pairs) {
      merges.push_back({left, right});
    } else {
      merges.push_back(left + " " + right);
    }
  }
  const Json root = {{"added_tokens", added},
                     {"normalizer", {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\xE2\x96\x81"}}},
                     {"model", {{"type", "BPE"}, {"byte_fallback", true}, {"vocab", vocab}, {"merges", merges}}}};
  return dump_json(root);
}

formats::GgufMetadata as_metadata(const Records& records) {
  formats::GgufMetadata metadata("fuzz.gguf");
  metadata.set_string("tokenizer.ggml.model", records.scores.empty() ? "gemma4" : "llama");
  metadata.set_strings("tokenizer.ggml.tokens", records.pieces);
  metadata.set_array<std::int32_t>("tokenizer.ggml.token_type", records.types);
  if (!records.scores.empty()) {
    metadata.set_array<float>("tokenizer.ggml.scores", records.scores);
    return metadata;
  }
  std::vector<std::string> merges;
  for (const auto& [left, right] : records.merges) merges.push_back(left + " " + right);
  metadata.set_strings("tokenizer.ggml.merges", merges);
  return metadata;
}

template <typename V>
Result<Tokenizer> make(Result<V> vocabulary) {
  if (!vocabulary) return vocabulary.error();
  return Tokenizer::create(*std::move(vocabulary));
}

// With a space in it a merge cannot be told from its two halves; only as a pair.
bool has_spaces(const Records& records) {
  for (const std::string& piece : records.pieces) {
    if (piece.find(' ') != std::string::npos) return true;
  }
  return false;
}

void check(Choices& choose) {
  const Records records = choose_records(choose);
  const auto from_json = make(formats::parse_tokenizer_json(as_tokenizer_json(records), "tokenizer.json"));
  const auto from_gguf = make(formats::read_gguf_vocabulary(as_metadata(records)));
  if (!from_json) check_refusal(from_json.error());
  if (!from_gguf) check_refusal(from_gguf.error());
  const bool same = records.scores.empty() && !has_spaces(records);
  if (same) CARAT_CHECK(from_json.has_value() == from_gguf.has_value());
  const auto rest = choose.rest();
  const std::string_view own = as_text(rest.data(), rest.size());
  for (const auto* tokenizer : {&from_json, &from_gguf}) {
    if (!*tokenizer) continue;
    if (!same || tokenizer == &from_gguf) check_hard_texts(**tokenizer);
    check_text(**tokenizer, own);
    const auto tables = std::make_shared<const std::vector<std::byte>>((*tokenizer)->save_tables());
    const auto again = Tokenizer::from_tables(*tables, tables);
    CARAT_CHECK(again && again->encode(own) == (*tokenizer)->encode(own));
    CARAT_CHECK(again->encode_with_control(own) == (*tokenizer)->encode_with_control(own));
  }
  if (from_json && from_gguf && same) {
    CARAT_CHECK(from_json->encode(own) == from_gguf->encode(own));
    CARAT_CHECK(from_json->encode_with_control(own) == from_gguf->encode_with_control(own));
  }
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carat::fuzz::Choices choose(data, size);
  carat::fuzz::check(choose);
  return 0;
}
