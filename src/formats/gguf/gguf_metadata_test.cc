#include "formats/gguf/gguf_metadata.h"

#include <gtest/gtest.h>

#include <cmath>

namespace carat::formats {
namespace {

template <typename T>
std::string error_of(const Result<T>& result) {
  return result ? std::string("none") : result.error().to_string();
}

#define EXPECT_ERROR(expr, part) EXPECT_NE(error_of(expr).find(part), std::string::npos) << error_of(expr)

TEST(GgufMetadata, ReadsIntegersByValueWhateverTheirType) {
  GgufMetadata meta("m.gguf");
  meta.set<std::uint32_t>("u32", 7);
  meta.set<std::int32_t>("i32", 7);
  meta.set<std::uint64_t>("u64", 7);
  meta.set<std::int8_t>("i8", 7);
  meta.set<std::uint64_t>("huge", ~std::uint64_t{0});
  meta.set<float>("f32", 7);
  meta.set<bool>("bool", true);
  for (const char* key : {"u32", "i32", "u64", "i8"}) EXPECT_EQ(meta.get_int(key, 0, 10).value(), 7) << key;
  EXPECT_ERROR(meta.get_int("u32", 8, 10), "m.gguf: u32 is 7; 8 to 10 was expected");
  EXPECT_ERROR(meta.get_int("huge", 0, 10), "huge is 18446744073709551615; 0 to 10 was expected");
  EXPECT_ERROR(meta.get_int("f32", 0, 10), "f32 is f32; an integer was expected");
  EXPECT_ERROR(meta.get_int("bool", 0, 10), "bool is bool; an integer was expected");
  EXPECT_ERROR(meta.get_int("none", 0, 10), "metadata key none is missing");
  EXPECT_EQ(meta.get_int("none", 0, 10).error().code(), ErrorCode::kNotFound);
}

TEST(GgufMetadata, ChecksTypesOfOtherValues) {
  GgufMetadata meta("m.gguf");
  meta.set_string("text", "grün");
  meta.set_string("latin1", "gr\xFCn");
  meta.set<double>("f64", 0.5);
  meta.set<float>("inf", HUGE_VALF);
  meta.set<std::int16_t>("i16", -3);
  meta.set<bool>("bool", true);
  EXPECT_EQ(meta.get_string("text").value(), "grün");
  EXPECT_ERROR(meta.get_string("latin1"), "latin1 is not valid UTF-8");
  EXPECT_ERROR(meta.get_string("f64"), "f64 is f64; a string was expected");
  EXPECT_EQ(meta.get_float("f64").value(), 0.5);
  EXPECT_EQ(meta.get_float("i16").value(), -3);
  EXPECT_ERROR(meta.get_float("inf"), "inf is not finite");
  EXPECT_ERROR(meta.get_float("text"), "text is string; a number was expected");
  EXPECT_TRUE(meta.get_bool("bool").value());
  EXPECT_ERROR(meta.get_bool("i16"), "i16 is i16; a bool was expected");
}

TEST(GgufMetadata, ChecksTypeAndLengthOfArrays) {
  GgufMetadata meta("m.gguf");
  const std::uint16_t ints[] = {1, 2, 3};
  const bool bools[] = {true, false, true};
  const double doubles[] = {0.5, 1e9};
  meta.set_array<std::uint16_t>("ints", ints);
  meta.set_array<bool>("bools", bools);
  meta.set_array<double>("doubles", doubles);
  EXPECT_EQ(meta.get_ints("ints", 3, 3).value(), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(meta.get_ints("bools", 0, 9).value(), (std::vector<std::int64_t>{1, 0, 1}));
  EXPECT_EQ(meta.get_floats("doubles", 0, 9).value(), (std::vector<float>{0.5f, 1e9f}));
  EXPECT_ERROR(meta.get_ints("ints", 4, 4), "ints has 3 elements; 4 was expected");
  EXPECT_ERROR(meta.get_ints("ints", 0, 2), "ints has 3 elements; 0 to 2 was expected");
  EXPECT_ERROR(meta.get_ints("doubles", 0, 9), "doubles is an array of 2 f64; an array of integers was expected");
  EXPECT_ERROR(meta.get_floats("ints", 0, 9), "ints is an array of 3 u16; an array of floats was expected");
  EXPECT_ERROR(meta.get_strings("ints", 0, 9), "an array of strings was expected");
}

TEST(GgufMetadata, ReadsOneValueOrOnePerLayer) {
  GgufMetadata meta("m.gguf");
  const std::int32_t ints[] = {4, 5, 600};
  meta.set_array<std::int32_t>("array", ints);
  meta.set<std::uint32_t>("scalar", 9);
  EXPECT_EQ(meta.get_per_layer("array", 3, 1, 600).value(), (std::vector<std::int64_t>{4, 5, 600}));
  EXPECT_EQ(meta.get_per_layer("scalar", 2, 1, 10).value(), (std::vector<std::int64_t>{9, 9}));
  EXPECT_ERROR(meta.get_per_layer("array", 4, 1, 600), "array has 3 elements; 4 was expected");
  EXPECT_ERROR(meta.get_per_layer("array", 3, 1, 500), "array is 600 for layer 2; 1 to 500 was expected");
}

TEST(GgufMetadata, SetsReplacesErasesAndMoves) {
  GgufMetadata meta;
  meta.set<std::uint32_t>("a", 1);
  meta.set<std::uint32_t>("b", 2);
  meta.set<std::uint32_t>("c", 3);
  meta.set_string("a", "short");
  meta.erase("b");
  meta.erase("never there");
  const GgufMetadata moved = std::move(meta);
  ASSERT_EQ(moved.entries().size(), 2u);
  EXPECT_EQ(moved.entries()[0].key, "a");
  EXPECT_EQ(moved.get_string("a").value(), "short");
  EXPECT_EQ(moved.get_int("c", 0, 9).value(), 3);
  EXPECT_FALSE(moved.has("b"));
}

}  // namespace
}  // namespace carat::formats
