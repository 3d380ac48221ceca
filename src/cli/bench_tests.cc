#include "cli/bench_tests.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace carat::cli {
namespace {

using runtime::BenchTest;

constexpr std::int64_t kMaxNumber = std::int64_t{1} << 40;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || n < 0 || n > kMaxNumber) return std::nullopt;
  return n;
}

// "512" or, where depths are, "64@32768"; "64" is "64@0".
std::optional<BenchTest> parse(std::string_view part, BenchTest::Kind kind) {
  BenchTest test{.kind = kind};
  if (const std::size_t at = part.find('@'); at != std::string_view::npos) {
    const auto depth = whole_number(part.substr(at + 1));
    if (!depth || kind == BenchTest::Kind::kPrompt) return std::nullopt;
    test.depth = *depth;
    part = part.substr(0, at);
  }
  const auto n = whole_number(part);
  if (!n || *n == 0) return std::nullopt;
  test.n_tokens = *n;
  return test;
}

Result<void> parse_list(std::string_view list, BenchTest::Kind kind, std::vector<BenchTest>& tests) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view part = list.substr(0, comma);
    const auto test = parse(part, kind);
    if (!test) {
      return invalid_argument(kind == BenchTest::Kind::kPrompt
                                  ? fmt::format("--pp \"{}\": expected numbers of tokens, such as 512,8192", part)
                                  : fmt::format("--tg \"{}\": expected TOKENS@DEPTH, such as 64@0,64@32768", part));
    }
    tests.push_back(*test);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return {};
}

}  // namespace

Result<std::vector<BenchTest>> bench_tests(const std::string& pp, const std::string& tg, std::int64_t n_sequences,
                                           std::int64_t context) {
  std::vector<BenchTest> tests;
  RETURN_IF_ERROR(parse_list(pp, BenchTest::Kind::kPrompt, tests));
  const std::size_t n_prompts = tests.size();
  RETURN_IF_ERROR(parse_list(tg, BenchTest::Kind::kGenerate, tests));
  if (tests.empty()) return invalid_argument("--pp and --tg are both empty: nothing to measure");
  if (n_sequences > 1) {
    std::vector<std::int64_t> lengths;
    for (std::size_t i = n_prompts; i < tests.size(); ++i) {
      if (std::find(lengths.begin(), lengths.end(), tests[i].n_tokens) == lengths.end()) {
        lengths.push_back(tests[i].n_tokens);
      }
    }
    if (lengths.empty()) return invalid_argument("--seqs: needs --tg, whose lengths the sequences generate together");
    for (const std::int64_t n : lengths) tests.push_back({BenchTest::Kind::kGenerate, n, 0, n_sequences});
  }
  for (const BenchTest& test : tests) {
    if (test.context() - 1 > context) {
      return limit_exceeded(
          fmt::format("{} needs {} positions, the model's context is {}", test.name(), test.context() - 1, context));
    }
  }
  return tests;
}

}  // namespace carat::cli
