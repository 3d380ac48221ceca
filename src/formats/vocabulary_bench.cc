// How long 262,144 pieces take from a file to a ready Tokenizer, and how fast that encodes. Goals on one thread: 0.3 s
// from GGUF, 0.6 s from tokenizer.json. Needs the small real model (tools/fetch_model).
#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "formats/gemma_vocabulary_testing.h"
#include "formats/gguf/gguf_file.h"
#include "formats/gguf_vocabulary.h"
#include "formats/tokenizer_json.h"
#include "tokenizer/tokenizer.h"

namespace carat::formats {
namespace {

using tokenizer::Tokenizer;
using tokenizer::Vocabulary;

/// The value, or the benchmark ends with the error's sentence.
template <typename T>
bool ok(const Result<T>& result, benchmark::State& state) {
  if (!result) state.SkipWithError(result.error().to_string().c_str());
  return result.has_value();
}

void ready_from_gguf(benchmark::State& state, const GgufMetadata& metadata) {
  for (auto _ : state) {
    auto vocabulary = read_gguf_vocabulary(metadata);
    if (!ok(vocabulary, state)) return;
    const auto tokenizer = Tokenizer::create(std::move(vocabulary).value());
    if (!ok(tokenizer, state)) return;
    state.counters["MB"] = static_cast<double>(tokenizer->memory_bytes()) / 1e6;
  }
}

/// Gemma 3's file: scores, no merges. With opening the file.
void BM_ReadyFromGgufScores(benchmark::State& state) {
  for (auto _ : state) {
    const auto vocabulary = testing::gemma3_vocabulary();
    if (!ok(vocabulary, state)) return;
    const auto tokenizer = Tokenizer::create(*vocabulary);
    if (!ok(tokenizer, state)) return;
  }
}
BENCHMARK(BM_ReadyFromGgufScores)->Unit(benchmark::kMillisecond);

/// Gemma 4's form: 514,906 merges.
void BM_ReadyFromGgufMerges(benchmark::State& state) {
  const auto scored = testing::gemma4_vocabulary();
  if (!ok(scored, state)) return;
  const Vocabulary merged = testing::with_merges(*scored);
  std::vector<std::string> tokens, merges;
  std::vector<std::int32_t> types;
  for (std::size_t id = 0; id < merged.pieces.size(); ++id) {
    tokens.emplace_back(merged.pieces[id]);
    types.push_back(merged.types[id] == tokenizer::PieceType::kControl ? 3 : 1);
  }
  for (const auto& [left, right] : merged.merges) {
    merges.push_back(tokens[static_cast<std::size_t>(left)] + " " + tokens[static_cast<std::size_t>(right)]);
  }
  GgufMetadata metadata;
  metadata.set_string("tokenizer.ggml.model", "gemma4");
  metadata.set_strings("tokenizer.ggml.tokens", tokens);
  metadata.set_array<std::int32_t>("tokenizer.ggml.token_type", types);
  metadata.set_strings("tokenizer.ggml.merges", merges);
  ready_from_gguf(state, metadata);
}
BENCHMARK(BM_ReadyFromGgufMerges)->Unit(benchmark::kMillisecond);

void BM_ReadyFromTokenizerJson(benchmark::State& state) {
  const auto scored = testing::gemma4_vocabulary();
  if (!ok(scored, state)) return;
  const std::string json = testing::to_tokenizer_json(testing::with_merges(*scored));
  for (auto _ : state) {
    auto vocabulary = parse_tokenizer_json(json, "tokenizer.json");
    if (!ok(vocabulary, state)) return;
    const auto tokenizer = Tokenizer::create(std::move(vocabulary).value());
    if (!ok(tokenizer, state)) return;
  }
  state.counters["json_MB"] = static_cast<double>(json.size()) / 1e6;
}
BENCHMARK(BM_ReadyFromTokenizerJson)->Unit(benchmark::kMillisecond);

void encode(benchmark::State& state, const std::string& text) {
  const auto scored = testing::gemma4_vocabulary();
  if (!ok(scored, state)) return;
  const auto tokenizer = Tokenizer::create(testing::with_merges(*scored));
  if (!ok(tokenizer, state)) return;
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer->encode(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

void BM_EncodeEnglish(benchmark::State& state) {
  const auto text = read_file(CARAT_SOURCE_DIR "/tests/golden/gemma3-270m/text.txt", 1 << 20);
  if (ok(text, state)) encode(state, *text);
}
BENCHMARK(BM_EncodeEnglish)->Unit(benchmark::kMicrosecond);

/// The longest words there are: a run of one character, through the heap.
void BM_EncodeRun(benchmark::State& state) {
  encode(state, std::string(static_cast<std::size_t>(state.range(0)), 'a'));
}
BENCHMARK(BM_EncodeRun)->Arg(1'000)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace carat::formats
