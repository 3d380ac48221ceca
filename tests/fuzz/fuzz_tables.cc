// The saved tables of a tokenizer (part of a packed copy) with numbers changed: refused, or wrong ids at worst. No read
// outside the tables, no endless loop, no id that the vocabulary does not have.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/choices.h"
#include "fuzz/target.h"
#include "fuzz/test_vocabulary.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/tokenizer.h"

namespace carat::fuzz {
namespace {

using tokenizer::TokenId;
using tokenizer::Tokenizer;

void use(const Tokenizer& tokenizer, std::string_view own) {
  using namespace std::string_literals;
  for (const std::string& text :
       {"hello the <|turn>user\n<b>"s, "caf\xC3\xA9 \xF0\x9F\x98\x80\xE6\x97\xA5\xE6\x97\xA5"s,
        std::string(200, 'a') + std::string(200, ' '), std::string(own)}) {
    for (const bool with_control : {false, true}) {
      const auto ids = with_control ? tokenizer.encode_with_control(text) : tokenizer.encode(text);
      for (const TokenId id : ids) CARAT_CHECK(id >= 0 && static_cast<std::size_t>(id) < tokenizer.vocab_size());
      (void)tokenizer.decode(ids);
    }
  }
  for (std::size_t id = 0; id < tokenizer.vocab_size(); ++id) {
    (void)tokenizer.decode(std::vector<TokenId>{static_cast<TokenId>(id)});
    (void)tokenizer.find_piece(tokenizer.piece(static_cast<TokenId>(id)));
  }
  (void)tokenizer.control_id("<bos>");
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  static const std::vector<std::byte> good = test_tokenizer().save_tables();
  Choices choose(data, size);
  const auto tables = std::make_shared<std::vector<std::byte>>(good);
  for (std::uint32_t n = choose.below(8); n > 0; --n) {
    const std::size_t width = std::size_t{1} << choose.below(4);
    std::size_t at = choose.below(65536);
    at = (at << 8 | choose.byte()) % (tables->size() - 8);
    const std::uint64_t value = choose.number();
    std::memcpy(tables->data() + at, &value, width);
  }
  if (choose.one_in(16)) tables->resize(tables->size() - std::min<std::size_t>(tables->size(), choose.below(4096)));
  const auto tokenizer = carat::tokenizer::Tokenizer::from_tables(*tables, tables);
  if (!tokenizer) {
    check_refusal(tokenizer.error());
    return 0;
  }
  const auto rest = choose.rest();
  use(*tokenizer, as_text(rest.data(), rest.size()));
  return 0;
}
