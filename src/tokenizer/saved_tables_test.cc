#include "tokenizer/saved_tables.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/tokenizer_testing.h"

namespace carat::tokenizer {
namespace {

using testing::add_merges;
using testing::set_type;
using testing::tiny_vocabulary;

Tokenizer made() {
  Vocabulary vocabulary =
      tiny_vocabulary({"a", "b", "c", "ab", "bc", "abc", "<bos>", "<turn|>", "<b>", "\xE2\x96\x81"});
  add_merges(vocabulary, {{"b", "c"}, {"a", "b"}, {"a", "bc"}});
  set_type(vocabulary, "<b>", PieceType::kAdded);
  return Tokenizer::create(std::move(vocabulary)).value();
}

const std::vector<std::string> kTexts = {"",        "abcabc ab c", "<b>abc</b> <turn|>",       "\xE5\x8F\xAB \xFF a",
                                         "<bos>ab", "   ",         std::string(200, 'b') + "c"};

// A copy of the bytes at an aligned place of its own.
struct Block {
  explicit Block(std::span<const std::byte> from) : words(std::make_shared<std::vector<std::uint64_t>>()) {
    words->resize((from.size() + 7) / 8);
    if (!from.empty()) std::memcpy(words->data(), from.data(), from.size());
    bytes = {reinterpret_cast<std::byte*>(words->data()), from.size()};
  }
  std::shared_ptr<std::vector<std::uint64_t>> words;
  std::span<std::byte> bytes;
};

TEST(SavedTables, MakeTheSameTokenizer) {
  const Tokenizer original = made();
  const auto bytes = original.save_tables();
  EXPECT_EQ(bytes, original.save_tables()) << "the bytes depend on the vocabulary only";
  Block block(bytes);
  auto loaded = Tokenizer::from_tables(block.bytes, std::move(block.words));
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  const Tokenizer again = std::move(*loaded);  // tables stay where they are
  for (const std::string& text : kTexts) {
    EXPECT_EQ(again.encode(text), original.encode(text)) << text;
    EXPECT_EQ(again.encode_with_control(text), original.encode_with_control(text)) << text;
    EXPECT_EQ(again.decode(again.encode(text)), original.decode(original.encode(text))) << text;
  }
  EXPECT_EQ(again.vocab_size(), original.vocab_size());
  EXPECT_EQ(again.bos(), original.bos());
  EXPECT_EQ(again.control_id("<turn|>"), original.control_id("<turn|>"));
  EXPECT_EQ(again.save_tables(), bytes);
  EXPECT_GT(again.memory_bytes(), bytes.size() / 2);
}

TEST(SavedTables, AreRefusedWhenCut) {
  const auto bytes = made().save_tables();
  for (std::size_t n = 0; n < bytes.size(); n += n < 3000 ? 1 : 97) {
    Block block(std::span<const std::byte>(bytes).first(n));
    EXPECT_FALSE(Tokenizer::from_tables(block.bytes, block.words)) << n;
  }
  std::vector<std::byte> longer = bytes;
  longer.resize(bytes.size() + 8);
  Block block(longer);
  EXPECT_FALSE(Tokenizer::from_tables(block.bytes, block.words));
}

// Whatever the bytes are, tables that are accepted stay inside themselves (this is what the sanitizers look at).
TEST(SavedTables, OfAnyBytesAreHarmless) {
  const auto bytes = made().save_tables();
  std::mt19937 rng(7);
  int n_accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    Block block(bytes);
    const std::size_t at = rng() % bytes.size();
    block.bytes[at] = static_cast<std::byte>(rng());
    if (round % 2 == 0) block.bytes[rng() % bytes.size()] = std::byte{0xFF};
    const auto tokenizer = Tokenizer::from_tables(block.bytes, block.words);
    if (!tokenizer) continue;
    ++n_accepted;
    for (const std::string& text : kTexts) {
      for (const TokenId id : tokenizer->encode_with_control(text)) {
        ASSERT_GE(id, 0);
        ASSERT_LT(static_cast<std::size_t>(id), tokenizer->vocab_size());
      }
    }
    std::vector<TokenId> all(tokenizer->vocab_size());
    for (std::size_t id = 0; id < all.size(); ++id) all[id] = static_cast<TokenId>(id);
    (void)tokenizer->decode(all);
  }
  EXPECT_GT(n_accepted, 100) << "most single bytes only change what comes out";
}

}  // namespace
}  // namespace carat::tokenizer
