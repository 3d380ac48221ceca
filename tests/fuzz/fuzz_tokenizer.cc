// Any bytes as a text, with one vocabulary that has everything: merges, runs of spaces, HTML tags, control strings.
#include "fuzz/target.h"
#include "fuzz/test_vocabulary.h"
#include "fuzz/tokenizer_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const carat::tokenizer::Tokenizer tokenizer = carat::fuzz::test_tokenizer();
  carat::fuzz::check_text(tokenizer, carat::fuzz::as_text(data, size));
  return 0;
}
