#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "base/utf8.h"

namespace carat {
namespace {

std::string repeat(std::string_view s, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += s;
  return out;
}

std::string round_trip(std::string_view text) {
  Result<Json> value = parse_json(text);
  return value ? dump_json(*value) : value.error().to_string();
}

TEST(Json, KeepsOrderAndPrintsWhatItRead) {
  const std::string text = R"({"b":[1,-2,true,null,"é\n"],"a":{"x":1.5,"":{}},"e":[]})";
  EXPECT_EQ(round_trip(text), text);
  EXPECT_EQ(dump_json(*parse_json(R"({"a":[1,{}]})"), 2), "{\n  \"a\": [\n    1,\n    {}\n  ]\n}");
}

TEST(Json, KeepsNumbersThatNoMachineTypeHolds) {
  EXPECT_EQ(round_trip("[18446744073709551615,-9223372036854775808]"), "[18446744073709551615,-9223372036854775808]");
  for (const char* text : {"18446744073709551616", "-9223372036854775809", "123456789012345678901234567890",
                           "12345678901234567890.0", "0.1000000000000000055", "1.23456789012345678901e30"}) {
    Result<Json> value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(big_number_text(*value), text);
    EXPECT_EQ(dump_json(*value), text);
    EXPECT_DOUBLE_EQ(json_double(*value).value(), std::strtod(text, nullptr));
  }
  // Doubles as printf's %.17g, Python and JavaScript write them are doubles.
  for (const char* text : {"0.1", "0.10000000000000001", "1e20", "100000000000000000000.0", "1e-400", "2.50",
                           "0.00000000000000000000000000000000001"}) {
    Result<Json> value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_TRUE(value->is_number_float()) << text;
    EXPECT_EQ(big_number_text(*value), "");
  }
}

TEST(Json, NumberLiteralsBecomeWhatTheParserMakesOfThem) {
  for (const char* text : {"0", "-0", "12", "-7", "1.5", "1E+2", "18446744073709551615", "18446744073709551616", "-0.0",
                           "1e-400", "3.14159265358979323846"}) {
    ASSERT_TRUE(json_number(text)) << text;
    EXPECT_EQ(*json_number(text), *parse_json(text)) << text;
    EXPECT_EQ(json_number(text)->type(), parse_json(text)->type()) << text;
  }
  for (const char* text : {"", "-", "01", "1.", ".5", "1e", "+1", "0x1", "1 ", "NaN", "1e400"}) {
    EXPECT_FALSE(json_number(text)) << text;
  }
}

TEST(Json, LastOfARepeatedKeyCounts) {
  EXPECT_EQ(round_trip(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  std::string text = "{\"k5\":{\"deep\":[1]}";
  for (int i = 0; i < 100; ++i) text += ",\"k" + std::to_string(i) + "\":" + std::to_string(i);
  Result<Json> value = parse_json(text + ",\"k70\":[7]}");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->size(), 100u);
  EXPECT_EQ((*value)["k5"], 5);
  EXPECT_EQ((*value)["k70"], Json::array({7}));
}

TEST(Json, ManyKeysTakeLinearTime) {
  std::string text = "{\"\":0";
  for (int i = 0; i < 150'000; ++i) text += ",\"a-key-with-some-length-" + std::to_string(i) + "\":0";
  Result<Json> value = parse_json(text + "}");  // minutes if every key were searched for
  ASSERT_TRUE(value);
  EXPECT_EQ(value->size(), 150'001u);
}

TEST(Json, LimitsAreNamed) {
  EXPECT_TRUE(parse_json(repeat("[", 64) + repeat("]", 64)));
  EXPECT_EQ(parse_json(repeat("[", 65) + repeat("]", 65)).error().message(),
            "JSON: nested deeper than 64 levels, the limit");
  EXPECT_EQ(parse_json(repeat("[", 5'000'000)).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(parse_json("[1,2,3]", {.members = 2}).error().message(),
            "JSON: more than 2 members and elements in total, the limit");
  EXPECT_TRUE(parse_json("[1,2]", {.members = 2}));
  EXPECT_TRUE(parse_json(repeat("9", 64)));
  EXPECT_EQ(parse_json(repeat("9", 65)).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(parse_json(repeat("9", 1000)).error().code(), ErrorCode::kLimit);  // beyond any double as well
}

TEST(Json, ExponentsOfAnySize) {
  for (const std::string text : {"0.0E-9223372036854775808", "1.5e-9223372036854775807", "0.1e-99999999999999999999",
                                 "1.2345678901234567890123e-9223372036854775808", "0.00e9223372036854775807"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(json_double(*value), 0.0) << text;
    EXPECT_EQ(parse_json(dump_json(*value)).value(), *value) << text;
  }
}

TEST(Json, ErrorsSayWhere) {
  const auto message = [](std::string_view text) {
    Result<Json> value = parse_json(text);
    return value ? "no error" : value.error().to_string();
  };
  EXPECT_EQ(message("{\"a\": 1,\n  b}"),
            "JSON, line 2, column 3: syntax error while parsing object key - invalid literal; expected string literal");
  EXPECT_EQ(message("[1e400]"), "JSON, line 1, column 6: the number 1e400 is outside the range of a 64-bit float");
  EXPECT_EQ(message(std::string_view("{}\0", 3)), "JSON, line 1, column 3: a NUL byte, which JSON text cannot hold");
  for (std::string_view text : {"", " ", "{", "[1,]", "{}x", "{\"a\":}", "nul", "'a'", "[1 2]", "\"\x01\"",
                                "\"\\ud800\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\xff", "01", "1."}) {
    Result<Json> value = parse_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code(), ErrorCode::kCorrupt);
    EXPECT_TRUE(value.error().to_string().starts_with("JSON, line 1, column ")) << value.error().to_string();
  }
  EXPECT_LT(message("[\"" + repeat("x", 100'000) + "\xff\"]").size(), 200u);
  // Text that holds the words of the library's own message.
  EXPECT_TRUE(is_valid_utf8(message("\"; last read: '1'; expected \xD7")));
  EXPECT_LT(message("\"'; expected " + repeat("x", 10'000)).size(), 200u);
}

TEST(Json, RandomBytesNeverHurt) {
  std::mt19937 rng(7);
  const std::string_view alphabet = "{}[]:,\"\\u0019.eE+-truefalsn \n\xc3\xa9\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0, n = static_cast<int>(rng() % 24); i < n; ++i) text += alphabet[rng() % alphabet.size()];
    Result<Json> value = parse_json(text);
    if (value) {
      EXPECT_EQ(*parse_json(dump_json(*value)), *value) << text;
    }
  }
}

}  // namespace
}  // namespace carat
