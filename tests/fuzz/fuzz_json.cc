// Any bytes as JSON: base/json.h accepts what RFC 8259 and its limits allow and nothing else, gives the values a second
// reader sees, and what it writes is read as the same value again.
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "fuzz/json_reader.h"
#include "fuzz/target.h"

namespace carat::fuzz {
namespace {

// A sixteenth of the limits that requests have, so that an input reaches them.
constexpr JsonLimits kLimits = {.depth = 8, .members = 200, .digits = 32};

template <typename T>
bool is_whole(std::string_view text, T& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

void check_number(const Json& value, const std::string& text) {
  if (const std::string_view kept = big_number_text(value); !kept.empty()) {
    CARAT_CHECK(kept == text);
    return;
  }
  CARAT_CHECK(value.is_number());
  CARAT_CHECK(json_double(value) == std::strtod(text.c_str(), nullptr));
  std::int64_t i = 0;
  std::uint64_t u = 0;
  if (is_whole(text, i)) CARAT_CHECK(value.is_number_integer() && value == i);
  if (is_whole(text, u)) CARAT_CHECK(value.is_number_integer() && value == u);
  const auto again = json_number(text);
  CARAT_CHECK(again && *again == value);
}

void check_same(const Json& value, const SecondJson& again) {
  using Kind = SecondJson::Kind;
  switch (again.kind) {
    case Kind::kNull:
      return CARAT_CHECK(value.is_null());
    case Kind::kTrue:
    case Kind::kFalse:
      return CARAT_CHECK(value.is_boolean() && value.get<bool>() == (again.kind == Kind::kTrue));
    case Kind::kNumber:
      return check_number(value, again.text);
    case Kind::kString:
      return CARAT_CHECK(value.is_string() && value.get_ref<const std::string&>() == again.text);
    case Kind::kArray:
      CARAT_CHECK(value.is_array() && value.size() == again.items.size());
      for (std::size_t i = 0; i < again.items.size(); ++i) check_same(value[i], again.items[i]);
      return;
    case Kind::kObject:
      CARAT_CHECK(value.is_object());
      std::map<std::string_view, const SecondJson*> last;  // of a repeated key the last value counts
      for (const auto& [key, member] : again.members) last[key] = &member;
      CARAT_CHECK(value.size() == last.size());
      for (const auto& [key, member] : last) check_same(value.at(std::string(key)), *member);
      return;
  }
}

void check(std::string_view text) {
  const auto value = parse_json(text, kLimits);
  std::string_view body = text;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);  // RFC 8259: a parser may ignore it
  const auto again = read_json_again(body, 200);
  const bool fits = again && again->depth <= kLimits.depth && again->n_members <= kLimits.members &&
                    again->longest_decimal <= kLimits.digits && !again->has_infinite_number;
  if (!value) {
    check_refusal(value.error());
    CARAT_CHECK(!fits || again->longest_number > kLimits.digits);
    return;
  }
  CARAT_CHECK(fits);
  check_same(*value, again->value);
  for (const int indent : {-1, 2}) {
    const std::string written = dump_json(*value, indent);
    CARAT_CHECK(is_valid_utf8(written));
    const auto back = parse_json(written, kLimits);
    CARAT_CHECK(back && *back == *value);
    CARAT_CHECK(dump_json(*back, indent) == written);
  }
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carat::fuzz::check(carat::fuzz::as_text(data, size));
  return 0;
}
