// Any bytes as a tokenizer.json: refused in a sentence, or a tokenizer that holds for twenty hard texts. An input that
// begins with "+" is put where the vocabulary ends, behind the 256 byte pieces that every one needs.
#include <string>

#include "formats/tokenizer_json.h"
#include "fuzz/target.h"
#include "fuzz/tokenizer_checks.h"

namespace carat::fuzz {
namespace {

void check(std::string_view text) {
  auto vocabulary = formats::parse_tokenizer_json(text, "tokenizer.json");
  if (!vocabulary) return check_refusal(vocabulary.error());
  const auto tokenizer = tokenizer::Tokenizer::create(*std::move(vocabulary));
  if (!tokenizer) return check_refusal(tokenizer.error());
  check_hard_texts(*tokenizer);
}

std::string head_with_bytes() {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string text = R"({"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"model":{"type":"BPE",)"
                     R"("byte_fallback":true,"vocab":{)";
  for (unsigned i = 0; i < 256; ++i) {
    text += std::string(i == 0 ? "" : ",") + "\"<0x" + kHex[i >> 4] + kHex[i & 15] + ">\":" + std::to_string(i);
  }
  return text;
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  static const std::string head = head_with_bytes();
  const std::string_view text = as_text(data, size);
  check(text.starts_with('+') ? head + std::string(text.substr(1)) : std::string(text));
  return 0;
}
