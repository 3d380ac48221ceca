#include "chat/python_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace carat::chat {
namespace {

std::string number(std::string_view json) { return python_number(parse_json(json).value()); }
std::string str(std::string_view json) { return python_str(parse_json(json).value()); }

// The expected values are Python's repr().
TEST(PythonText, Numbers) {
  for (const auto& [json, repr] : std::initializer_list<std::pair<const char*, const char*>>{
           {"0", "0"},
           {"-7", "-7"},
           {"18446744073709551615", "18446744073709551615"},
           {"-9223372036854775808", "-9223372036854775808"},
           {"123456789012345678901234567890", "123456789012345678901234567890"},
           {"1.0", "1.0"},
           {"-0.0", "-0.0"},
           {"1.5", "1.5"},
           {"100.25", "100.25"},
           {"0.1", "0.1"},
           {"0.0001", "0.0001"},
           {"0.00012345", "0.00012345"},
           {"0.00001", "1e-05"},
           {"1e-7", "1e-07"},
           {"1.25e-300", "1.25e-300"},
           {"1e15", "1000000000000000.0"},
           {"9007199254740993.0", "9007199254740992.0"},
           {"1e16", "1e+16"},
           {"1e20", "1e+20"},
           {"1.5e100", "1.5e+100"},
           {"5e-324", "5e-324"},
           {"1.7976931348623157e308", "1.7976931348623157e+308"},
           {"1e-400", "0.0"},
           {"3.14159265358979323846", "3.141592653589793"},
           {"12345678901234567890.0", "1.2345678901234567e+19"}}) {
    EXPECT_EQ(number(json), repr);
  }
}

TEST(PythonText, Values) {
  EXPECT_EQ(str("null"), "None");
  EXPECT_EQ(str("\"a'b\""), "a'b");
  EXPECT_EQ(str(R"(["a", 1, true, {"k": [null, 2.0]}, []])"), "['a', 1, True, {'k': [None, 2.0]}, []]");
  EXPECT_EQ(str(R"(["it's", "\"", "'\"", "\\\n\t\r", "\u0001\u007f\u0085\u00a0é\u200b日"])"),
            R"(["it's", '"', '\'"', '\\\n\t\r', '\x01\x7f\x85\xa0é\u200b日'])");
}

TEST(PythonText, StripTakesUnicodeBlanks) {
  EXPECT_EQ(strip(" \t\n\x0b\x0c\r\x1c\x1f\u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000x y\u3000 "),
            "x y");
  EXPECT_EQ(strip("\u200b\ufeff"), "\u200b\ufeff");
  EXPECT_EQ(strip(" \n"), "");
  EXPECT_EQ(strip("\xa0\xff"), "\xa0\xff");
}

TEST(PythonText, Case) {
  EXPECT_EQ(upper("string é я ÿ ŋ 日ß"), "STRING É Я Ÿ Ŋ 日ß");
  EXPECT_EQ(lower("ZONE É Я Ÿ Ŋ İ K Σ"), "zone é я ÿ ŋ i\u0307 k σ");
  EXPECT_EQ(lower("\xc3\xff"), "\xc3\xff");
}

}  // namespace
}  // namespace carat::chat
