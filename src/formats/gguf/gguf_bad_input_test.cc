#include <gtest/gtest.h>

#include <functional>

#include "formats/files_testing.h"
#include "formats/gguf/gguf_part.h"

// Every way a GGUF file can lie, and the words that name it.
namespace carat::formats {
namespace {

struct BadFile {
  const char* what;
  std::function<void(GgufBytes&)> write;
  const char* message;
};

// A key with a type but no value yet.
GgufBytes& key(GgufBytes& f, std::string_view name, GgufType type) {
  return f.text(name).u32(static_cast<std::uint32_t>(type));
}

const BadFile kBadFiles[] = {
    {"wrong magic", [](GgufBytes& f) { f.raw("GGML").u32(3).u64(0).u64(0); }, "does not start with GGUF"},
    {"old version", [](GgufBytes& f) { f.raw("GGUF").u32(1).u64(0).u64(0); }, "is GGUF version 1; version 3"},
    {"big endian", [](GgufBytes& f) { f.raw("GGUF").u32(0x03000000).u64(0).u64(0); }, "big-endian"},
    {"too many tensors", [](GgufBytes& f) { f.head(100'001, 0); }, "claims 100001 tensors; at most 100000"},
    {"wrapping count", [](GgufBytes& f) { f.head(~std::uint64_t{0}, 0); }, "claims 18446744073709551615 tensors"},
    {"too many keys", [](GgufBytes& f) { f.head(0, 1'000'001); }, "claims 1000001 metadata keys"},
    {"count beyond the file", [](GgufBytes& f) { f.head(0, 1'000'000); }, "ends inside metadata key 0"},
    {"key longer than allowed", [](GgufBytes& f) { f.head(0, 1).u64(70'000); }, "metadata key 0 has 70000 bytes"},
    {"key of 2^64 - 1 bytes", [](GgufBytes& f) { f.head(0, 1).u64(~std::uint64_t{0}); }, "at most 65535"},
    {"empty key", [](GgufBytes& f) { key(f.head(0, 1), "", GgufType::kBool).raw("\1"); },
     "metadata key 0 \"\" is empty"},
    {"key not UTF-8", [](GgufBytes& f) { key(f.head(0, 1), "a\xFF", GgufType::kBool).raw("\1"); },
     "\"a\\xFF\" is empty or not valid UTF-8"},
    {"unknown value type", [](GgufBytes& f) { f.head(0, 1).text("k").u32(13); }, "the value of k has type 13"},
    {"bool of 2", [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kBool).raw("\2"); }, "k is a bool of 2"},
    {"bool array of 3", [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kArray).u32(7).u64(2).raw("\1\3"); },
     "k is a bool of 3"},
    {"long string", [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kString).u64(17u << 20); },
     "the value of k has 17825792 bytes"},
    {"string beyond the file", [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kString).u64(100).raw("ab"); },
     "ends inside the value of k"},
    {"nested array", [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kArray).u32(9).u64(1); },
     "the value of k is an array of arrays"},
    {"array of unknown type", [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kArray).u32(77).u64(1); },
     "the value of k has type 77"},
    {"wrapping array",
     [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kArray).u32(10).u64(std::uint64_t{1} << 61); },
     "k is an array of 2305843009213693952 u64"},
    {"wrapping string array",
     [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kArray).u32(8).u64(~std::uint64_t{0}); },
     "k is an array of 18446744073709551615 string"},
    {"array beyond the file", [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kArray).u32(6).u64(1000); },
     "ends inside the value of k"},
    {"string in array beyond the file",
     [](GgufBytes& f) { key(f.head(0, 1), "k", GgufType::kArray).u32(8).u64(2).text("a").u64(9); },
     "ends inside the value of k"},
    {"key twice",
     [](GgufBytes& f) { key(key(f.head(0, 2), "k", GgufType::kBool).raw("\1"), "k", GgufType::kBool).raw("\1"); },
     "metadata key k is there twice"},
    {"alignment of a string",
     [](GgufBytes& f) { key(f.head(0, 1), "general.alignment", GgufType::kString).text("32"); },
     "general.alignment is string"},
    {"alignment 0", [](GgufBytes& f) { key(f.head(0, 1), "general.alignment", GgufType::kU32).u32(0); },
     "general.alignment is 0"},
    {"alignment 48", [](GgufBytes& f) { key(f.head(0, 1), "general.alignment", GgufType::kU32).u32(48); },
     "general.alignment is 48; a power of two"},
    {"alignment 131072", [](GgufBytes& f) { key(f.head(0, 1), "general.alignment", GgufType::kU32).u32(131072); },
     "general.alignment is 131072"},
    {"long tensor name", [](GgufBytes& f) { f.head(1, 0).text(std::string(257, 'n')); },
     "the name of tensor 0 has 257 bytes; at most 256"},
    {"empty tensor name", [](GgufBytes& f) { f.head(1, 0).tensor("", {1}, 0, 0).data(32); },
     "the name of tensor 0 \"\" is empty"},
    {"tensor name not UTF-8", [](GgufBytes& f) { f.head(1, 0).tensor("t\xC0\x80", {1}, 0, 0).data(32); },
     "\"t\\xC0\\x80\" is empty or not valid UTF-8"},
    {"no dimension", [](GgufBytes& f) { f.head(1, 0).tensor("t", {}, 0, 0).data(32); }, "tensor t has 0 dimensions"},
    {"five dimensions",
     [](GgufBytes& f) {
       f.head(1, 0).tensor("t", {1, 1, 1, 1, 1}, 0, 0).data(32);
     },
     "tensor t has 5 dimensions"},
    {"2^32 - 1 dimensions", [](GgufBytes& f) { f.head(1, 0).text("t").u32(~0u); },
     "tensor t has 4294967295 dimensions"},
    {"extent 0",
     [](GgufBytes& f) {
       f.head(1, 0).tensor("t", {4, 0}, 0, 0).data(32);
     },
     "tensor t has an extent of 0"},
    {"extent 2^63", [](GgufBytes& f) { f.head(1, 0).tensor("t", {std::uint64_t{1} << 63}, 0, 0).data(32); },
     "tensor t has an extent of 9223372036854775808"},
    {"wrapping product",
     [](GgufBytes& f) {
       f.head(1, 0).tensor("t", {std::uint64_t{1} << 32, std::uint64_t{1} << 32}, 0, 0).data(32);
     },
     "tensor t is larger than 64 bits"},
    {"wrapping bytes", [](GgufBytes& f) { f.head(1, 0).tensor("t", {std::uint64_t{1} << 62}, 0, 0).data(32); },
     "tensor t is larger than 64 bits"},
    {"unknown element type", [](GgufBytes& f) { f.head(1, 0).tensor("t", {32}, 99, 0).data(64); },
     "tensor t has element type number 99"},
    {"removed element type", [](GgufBytes& f) { f.head(1, 0).tensor("t", {32}, 4, 0).data(64); },
     "tensor t has element type number 4"},
    {"row no multiple of the block", [](GgufBytes& f) { f.head(1, 0).tensor("t", {33}, 2, 0).data(64); },
     "tensor t has rows of 33 elements; Q4_0 needs a multiple of 32"},
    {"misaligned offset", [](GgufBytes& f) { f.head(1, 0).tensor("t", {1}, 0, 4).data(64); },
     "tensor t lies at offset 4"},
    {"offset beyond the file", [](GgufBytes& f) { f.head(1, 0).tensor("t", {1}, 0, 1 << 20).data(64); },
     "tensor t needs 4 bytes at data offset 1048576"},
    {"wrapping offset", [](GgufBytes& f) { f.head(1, 0).tensor("t", {1}, 0, ~std::uint64_t{31}).data(64); },
     "tensor t needs 4 bytes at data offset 18446744073709551584"},
    {"data cut", [](GgufBytes& f) { f.head(1, 0).tensor("t", {32}, 0, 0).data(127); },
     "tensor t needs 128 bytes at data offset 0, beyond the end"},
    {"tensor twice", [](GgufBytes& f) { f.head(2, 0).tensor("t", {1}, 0, 0).tensor("t", {1}, 0, 32).data(64); },
     "tensor t is there twice"},
    {"overlap", [](GgufBytes& f) { f.head(2, 0).tensor("long", {16}, 0, 0).tensor("other", {1}, 0, 32).data(64); },
     "tensors long and other overlap"},
    {"same bytes", [](GgufBytes& f) { f.head(2, 0).tensor("one", {1}, 0, 0).tensor("two", {1}, 0, 0).data(64); },
     "overlap"},
};

TEST(GgufBadInput, EachIsRefusedByName) {
  for (const BadFile& bad : kBadFiles) {
    SCOPED_TRACE(bad.what);
    GgufBytes file;
    bad.write(file);
    const auto contents = parse_gguf(as_bytes_of(file.bytes()), "bad.gguf");
    ASSERT_FALSE(contents);
    const std::string text = contents.error().to_string();
    EXPECT_TRUE(text.starts_with("bad.gguf: ")) << text;
    EXPECT_NE(text.find(bad.message), std::string::npos) << text;
  }
}

TEST(GgufBadInput, AGoldenCutAnywhereIsRefused) {
  const std::string whole = read_text(golden("e2b/model-q4_0.gguf"));
  std::size_t header = 0;
  {
    const auto contents = parse_gguf(as_bytes_of(whole), "whole.gguf");
    ASSERT_TRUE(contents);
    header = static_cast<std::size_t>(contents->tensors.front().data.data() - as_bytes_of(whole).data());
  }
  for (std::size_t size = 0; size < whole.size(); size += size < header ? 97 : 9973) {
    // A copy of its own, so that the address sanitizer sees a read beyond the end.
    const std::string cut = whole.substr(0, size);
    const auto contents = parse_gguf(as_bytes_of(cut), "cut.gguf");
    ASSERT_FALSE(contents) << size;
    EXPECT_TRUE(contents.error().to_string().starts_with("cut.gguf: ")) << contents.error().to_string();
  }
}

// No byte of the header may bring the reader down, whatever it becomes.
TEST(GgufBadInput, AnyByteOfTheHeaderMayBeWrong) {
  std::string file = read_text(golden("gemma3/model-q8_0.gguf"));
  for (std::size_t at = 0; at < 2'000; ++at) {
    const char original = file[at];
    for (const char value : {'\0', '\x7F', '\xFF'}) {
      file[at] = value;
      const auto contents = parse_gguf(as_bytes_of(file), "changed.gguf");
      if (!contents) {
        EXPECT_TRUE(contents.error().to_string().starts_with("changed.gguf: "));
      }
    }
    file[at] = original;
  }
}

TEST(GgufBadInput, FilesThatAreNoFiles) {
  const TempDir dir;
  write_text(dir / "empty.gguf", "");
  EXPECT_NE(GgufPart::open(dir / "empty.gguf").error().to_string().find("file is empty"), std::string::npos);
  EXPECT_NE(GgufPart::open(dir.path()).error().to_string().find("is a directory"), std::string::npos);
  EXPECT_NE(GgufPart::open(dir / "none.gguf").error().to_string().find("no such file"), std::string::npos);
}

}  // namespace
}  // namespace carat::formats
