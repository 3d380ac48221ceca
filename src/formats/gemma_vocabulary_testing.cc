#include "formats/gemma_vocabulary_testing.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "formats/gguf/gguf_file.h"
#include "formats/gguf_vocabulary.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/piece_index.h"

namespace carat::formats::testing {
namespace {

using tokenizer::PieceType;
using tokenizer::TokenId;
using tokenizer::Vocabulary;
namespace control = tokenizer::control;

constexpr std::array<std::pair<TokenId, std::string_view>, 24> kGemma4Strings = {{
    {0, control::kPad},
    {1, control::kEos},
    {2, control::kBos},
    {3, control::kUnk},
    {4, control::kMask},
    {46, control::kToolOpen},
    {47, control::kToolClose},
    {48, control::kToolCallOpen},
    {49, control::kToolCallClose},
    {50, control::kToolResponseOpen},
    {51, control::kToolResponseClose},
    {52, control::kQuote},
    {98, control::kThink},
    {100, control::kChannelOpen},
    {101, control::kChannelClose},
    {105, control::kTurnOpen},
    {106, control::kTurnClose},
    {255999, control::kImageOpen},
    {256000, control::kAudioOpen},
    {258880, control::kImage},
    {258881, control::kAudio},
    {258882, control::kImageClose},
    {258883, control::kAudioClose},
    {258884, control::kVideo},
}};

/// A run of one of U+2581, newline and tab.
bool is_blank_run(std::string_view piece) {
  const CodePoint first = decode_utf8(piece, 0);
  if (first.value != 0x2581 && first.value != U'\n' && first.value != U'\t') return false;
  for (std::size_t at = 0; at < piece.size(); at += first.length) {
    if (decode_utf8(piece, at).value != first.value) return false;
  }
  return true;
}

}  // namespace

std::filesystem::path real_model_path() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string path = variable("CARAT_TEST_MODEL"); !path.empty()) return path;
  const std::string xdg = variable("XDG_DATA_HOME");
  const std::filesystem::path data = xdg.starts_with('/') ? xdg : variable("HOME") + "/.local/share";
  return data / "carat" / "models" / "gemma-3-270m-q4_k_m.gguf";
}

Result<Vocabulary> gemma3_vocabulary() {
  const std::filesystem::path path = real_model_path();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return not_found(
        fmt::format("{}: the small real model is not there; run ./check, which fetches it", path.string()));
  }
  ASSIGN_OR_RETURN(const GgufFile file, GgufFile::open(path));
  return read_gguf_vocabulary(file.metadata());
}

Vocabulary with_gemma4_strings(const Vocabulary& gemma3) {
  Vocabulary vocabulary;
  vocabulary.scores = gemma3.scores;
  vocabulary.pieces.reserve(gemma3.pieces.size(), gemma3.pieces.n_bytes());
  for (std::size_t id = 0; id < gemma3.pieces.size(); ++id) {
    const auto renamed = std::find_if(kGemma4Strings.begin(), kGemma4Strings.end(),
                                      [&](const auto& entry) { return static_cast<std::size_t>(entry.first) == id; });
    const std::string_view piece = renamed != kGemma4Strings.end() ? renamed->second : gemma3.pieces[id];
    PieceType type = gemma3.types[id];
    if ((type == PieceType::kAdded && !is_blank_run(piece)) || type == PieceType::kControl) type = PieceType::kUnused;
    vocabulary.pieces.push_back(piece);
    vocabulary.types.push_back(renamed != kGemma4Strings.end() ? PieceType::kControl : type);
  }
  return vocabulary;
}

Result<Vocabulary> gemma4_vocabulary() {
  ASSIGN_OR_RETURN(const Vocabulary gemma3, gemma3_vocabulary());
  return with_gemma4_strings(gemma3);
}

Vocabulary with_merges(const Vocabulary& scored) {
  Vocabulary vocabulary = scored;
  const tokenizer::PieceIndex index(vocabulary.pieces);
  struct Merge {
    float score;
    std::size_t left_length, right_length;  // in code points; among equals the longer first: a run grows to its end
    TokenId left, right;
  };
  std::vector<Merge> merges;
  for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    const std::string_view piece = vocabulary.pieces[id];
    const bool blank = is_blank_run(piece);
    if (blank) vocabulary.types[id] = PieceType::kNormal;
    if (vocabulary.types[id] != PieceType::kNormal) continue;
    for (std::size_t at = decode_utf8(piece, 0).length; at < piece.size(); at += decode_utf8(piece, at).length) {
      const auto left = index.find(piece.substr(0, at));
      const auto right = index.find(piece.substr(at));
      if (!left || !right) continue;
      const float score = blank ? 1e6f : scored.scores[id];
      merges.push_back(
          {score, count_code_points(piece.substr(0, at)), count_code_points(piece.substr(at)), *left, *right});
    }
  }
  std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::tie(a.score, a.left_length, a.right_length) > std::tie(b.score, b.left_length, b.right_length);
  });
  for (const Merge& merge : merges) vocabulary.merges.emplace_back(merge.left, merge.right);
  vocabulary.scores.clear();
  return vocabulary;
}

std::string to_tokenizer_json(const Vocabulary& vocabulary, bool merges_as_pairs) {
  using Json = nlohmann::json;
  const auto text = [&](TokenId id) {
    return Json(std::string(vocabulary.pieces[static_cast<std::size_t>(id)])).dump();
  };
  std::string added, vocab, merges;
  for (std::size_t i = 0; i < vocabulary.pieces.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    vocab += fmt::format("{}\n      {}: {}", vocab.empty() ? "" : ",", text(id), id);
    const PieceType type = vocabulary.types[i];
    if (type != PieceType::kControl && type != PieceType::kAdded) continue;
    added += fmt::format(
        R"({}{{"id":{},"content":{},"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":{}}})",
        added.empty() ? "" : ",", id, text(id), type == PieceType::kControl);
  }
  for (const auto& [left, right] : vocabulary.merges) {
    if (!merges.empty()) merges += ',';
    if (merges_as_pairs) {
      merges += fmt::format("\n      [\n        {},\n        {}\n      ]", text(left), text(right));
    } else {
      const std::string l = text(left), r = text(right);
      merges += l.substr(0, l.size() - 1) + ' ' + r.substr(1);
    }
  }
  return fmt::format(
      R"({{"version":"1.0","truncation":null,"padding":null,"added_tokens":[{}],)"
      R"("normalizer":{{"type":"Replace","pattern":{{"String":" "}},"content":"▁"}},)"
      R"("pre_tokenizer":{{"type":"Split","pattern":{{"String":" "}},"behavior":"MergedWithPrevious","invert":false}},)"
      R"("post_processor":null,"decoder":{{"type":"Sequence","decoders":[{{"type":"Replace","pattern":{{"String":"▁"}},)"
      R"("content":" "}},{{"type":"ByteFallback"}},{{"type":"Fuse"}}]}},"model":{{"type":"BPE","dropout":null,)"
      R"("unk_token":"<unk>","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":true,)"
      R"("byte_fallback":true,"ignore_merges":false,"vocab":{{{}}},"merges":[{}]}}}})",
      added, vocab, merges);
}

}  // namespace carat::formats::testing
