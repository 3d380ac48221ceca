#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

namespace carat {
namespace {

/// Marks a binary value as the text of a number. JSON text has no binary values, so nothing else can carry it.
constexpr std::uint64_t kNumberText = 0x6e756d;

/// A double gives 17 significant digits back; fewer are never worth keeping as text (printf's %.17g writes that many).
constexpr std::size_t kDoubleDigits = 17;

Json kept_number(std::string_view text) {
  return Json::binary(Json::binary_t::container_type(text.begin(), text.end()), kNumberText);
}

bool is_integer_literal(std::string_view text) { return text.find_first_of(".eE") == std::string_view::npos; }

/// Rounds to nearest; too large gives infinity, too small zero (from_chars alone tells neither apart).
double to_double(std::string_view text) {
  double d = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), d).ec == std::errc()) return d;
  return std::strtod(std::string(text).c_str(), nullptr);
}

/// A decimal as digits without outer zeros and the power of ten of its last digit.
struct Decimal {
  std::string digits;
  long long exponent = 0;
  bool operator==(const Decimal&) const = default;
};

Decimal decimal_of(std::string_view text) {
  Decimal d;
  bool fraction = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      fraction = true;
    } else if (c == 'e' || c == 'E') {
      if (i + 1 < text.size() && text[i + 1] == '+') ++i;
      long long e = 0;
      std::from_chars(text.data() + i + 1, text.data() + text.size(), e);
      constexpr long long kFar = 1'000'000'000'000;  // beyond every double and every text's length
      d.exponent += std::clamp(e, -kFar, kFar);
      break;
    } else if (c >= '0' && c <= '9') {
      d.digits += c;
      d.exponent -= fraction ? 1 : 0;
    }
  }
  d.digits.erase(0, std::min(d.digits.find_first_not_of('0'), d.digits.size()));
  while (!d.digits.empty() && d.digits.back() == '0') {
    d.digits.pop_back();
    ++d.exponent;
  }
  if (d.digits.empty()) d.exponent = 0;
  return d;
}

/// REQUIRES: `text` follows JSON's number grammar and has a fraction or an exponent; `value` is its double.
bool double_changes_it(std::string_view text, double value) {
  const Decimal written = decimal_of(text);
  if (written.digits.size() <= kDoubleDigits) return false;
  char shortest[32];
  const auto end = std::to_chars(shortest, shortest + sizeof shortest, value).ptr;
  return !(written == decimal_of({shortest, static_cast<std::size_t>(end - shortest)}));
}

bool is_number_literal(std::string_view s) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i - start;
  };
  if (i < s.size() && s[i] == '-') ++i;
  const std::size_t first = i;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && s[first] == '0')) return false;
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == s.size();
}

/// "line 3, column 7" of a byte offset; columns count bytes.
std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? offset + 1 : offset - newline;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// Builds a Json from the parser's events and stops at the first limit.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}
  ~Builder() override {
    dismantle(root_);
    for (Open& open : open_) {
      for (Json& value : open.values) dismantle(value);
    }
  }
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  bool null() override { return add(nullptr); }
  bool boolean(bool v) override { return add(v); }
  bool number_integer(number_integer_t v) override { return add(v); }
  bool number_unsigned(number_unsigned_t v) override { return add(v); }
  bool number_float(number_float_t v, const string_t& s) override {
    if (s.size() > limits_.digits) return too_many_digits();
    return is_integer_literal(s) || double_changes_it(s, v) ? add(kept_number(s)) : add(v);
  }
  bool string(string_t& v) override { return add(std::move(v)); }
  bool binary(binary_t& v) override { return add(std::move(v)); }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& v) override {
    open_.back().key = std::move(v);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& e) override {
    const std::string where = line_and_column(text_, position == 0 ? 0 : position - 1);
    if (e.id == 406) {  // a number no double reaches
      if (token.size() > limits_.digits) return too_many_digits();
      error_ = corrupt("JSON, " + where + ": the number " + token + " is outside the range of a 64-bit float");
      return false;
    }
    // "[json.exception.parse_error.101] parse error at line 1, column 2: DETAIL; last read: 'TOKEN'; expected …": the
    // token can be megabytes and invalid UTF-8, so it is left out. (It may also hold any of these words.)
    std::string detail = e.what();
    if (const auto at = detail.find(": "); at != std::string::npos) detail.erase(0, at + 2);
    const std::string last_read = "; last read: '" + token + "'";
    if (const auto at = detail.find(last_read); at != std::string::npos) detail.erase(at, last_read.size());
    error_ = corrupt("JSON, " + where + ": " + detail);
    return false;
  }

  Result<Json> finish(bool complete) && {
    if (error_) return *std::move(error_);
    if (!complete) return internal_error("JSON parser stopped without a reason");
    return std::move(root_);
  }

 private:
  /// Beyond this many members an object gets a hash index: ordered_json itself searches linearly, which a request with
  /// 200,000 keys would turn into minutes.
  static constexpr std::size_t kIndexFrom = 32;

  /// A container whose end has not come. Its members are kept here until then: an ordered_json that grows copies all
  /// its members, down to their last leaf, and destroys the old ones.
  struct Open {
    bool is_object;
    std::size_t slot;  ///< where it goes among the values of the one around it
    std::string key;   ///< of the next value
    std::vector<std::string> keys;
    std::vector<Json> values;
    std::unordered_map<std::string, std::size_t> index;
  };

  bool too_many_digits() {
    error_ =
        limit_exceeded("JSON: a number has more than " + std::to_string(limits_.digits) + " characters, the limit");
    return false;
  }

  bool add(Json value) { return place(std::move(value)).has_value(); }

  bool open(bool is_object) {
    if (open_.size() >= limits_.depth) {
      error_ = limit_exceeded("JSON: nested deeper than " + std::to_string(limits_.depth) + " levels, the limit");
      return false;
    }
    const std::optional<std::size_t> slot = place(Json());
    if (slot) open_.push_back({is_object, *slot, {}, {}, {}, {}});
    return slot.has_value();
  }

  bool close() {
    Open& top = open_.back();
    Json made = top.is_object ? Json::object() : Json::array();
    if (top.is_object) {
      Json::object_t::Container& members =
          made.get_ref<Json::object_t&>();  // as a vector: emplace_back does not search
      members.reserve(top.keys.size());
      for (std::size_t i = 0; i < top.keys.size(); ++i) {
        members.emplace_back(std::move(top.keys[i]), std::move(top.values[i]));
      }
    } else {
      made.get_ref<Json::array_t&>() = std::move(top.values);
    }
    const std::size_t slot = top.slot;
    open_.pop_back();
    (open_.empty() ? root_ : open_.back().values[slot]) = std::move(made);
    return true;
  }

  /// Puts a value where the parser stands; its index among the values there. Nothing above a limit.
  std::optional<std::size_t> place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return 0;
    }
    if (++members_ > limits_.members) {
      error_ = limit_exceeded("JSON: more than " + std::to_string(limits_.members) +
                              " members and elements in total, the limit");
      return std::nullopt;
    }
    Open& top = open_.back();
    if (top.is_object) {
      const std::size_t at = index_of_key(top);
      if (at < top.values.size()) {  // a repeated key: the last value counts
        dismantle(top.values[at]);
        top.values[at] = std::move(value);
        return at;
      }
      top.keys.push_back(std::move(top.key));
    }
    top.values.push_back(std::move(value));
    return top.values.size() - 1;
  }

  /// Where the key of the next value already is, else the number of keys.
  static std::size_t index_of_key(Open& top) {
    const std::size_t n = top.keys.size();
    if (n < kIndexFrom) {
      return static_cast<std::size_t>(std::find(top.keys.begin(), top.keys.end(), top.key) - top.keys.begin());
    }
    if (top.index.empty()) {
      for (std::size_t i = 0; i < n; ++i) top.index.emplace(top.keys[i], i);
    }
    return top.index.emplace(top.key, n).first->second;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  Json root_;
  std::vector<Open> open_;
  std::size_t members_ = 0;
  std::optional<Error> error_;
};

/// What is left to write of one container.
struct Writing {
  const Json* container;
  Json::const_iterator next;
};

void new_line(std::string& out, std::size_t depth, int indent) {
  if (indent < 0) return;
  out += '\n';
  out.append(depth * static_cast<std::size_t>(indent), ' ');
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  // The library takes a NUL byte for the end of the text; JSON allows none anywhere.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return corrupt("JSON, " + line_and_column(text, nul) + ": a NUL byte, which JSON text cannot hold");
  }
  try {
    Builder builder(text, limits);
    const bool complete = Json::sax_parse(text.begin(), text.end(), &builder);
    return std::move(builder).finish(complete);
  } catch (const std::exception& e) {
    return out_of_memory(std::string("JSON: ") + e.what());
  }
}

void dismantle(Json& value) {
  // The last leaf goes first, found again from the top each time: depth is small, and nothing needs to be remembered.
  for (;;) {
    Json* parent = nullptr;
    for (Json* at = &value; at->is_structured() && !at->empty();) {
      parent = at;
      at = at->is_array() ? &at->get_ref<Json::array_t&>().back() : &at->get_ref<Json::object_t&>().back().second;
    }
    if (parent == nullptr) return;
    if (parent->is_array()) {
      parent->get_ref<Json::array_t&>().pop_back();
    } else {
      parent->get_ref<Json::object_t&>().pop_back();
    }
  }
}

std::shared_ptr<const Json> share_json(Json value) {
  struct Dismantled {
    Json json;
    ~Dismantled() { dismantle(json); }
  };
  const auto holder = std::make_shared<Dismantled>();
  holder->json = std::move(value);
  return {holder, &holder->json};
}

std::string_view big_number_text(const Json& value) {
  if (!value.is_binary()) return {};
  const auto& bytes = value.get_binary();
  if (!bytes.has_subtype() || bytes.subtype() != kNumberText) return {};
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<double> json_double(const Json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string_view text = big_number_text(value);
  if (text.empty()) return std::nullopt;
  return to_double(text);
}

std::optional<Json> json_number(std::string_view literal) {
  if (!is_number_literal(literal)) return std::nullopt;
  const char* const begin = literal.data();
  const char* const end = begin + literal.size();
  if (is_integer_literal(literal)) {
    // As the library does: unsigned unless there is a sign.
    std::int64_t i = 0;
    std::uint64_t u = 0;
    if (*begin == '-' && std::from_chars(begin, end, i).ec == std::errc()) return Json(i);
    if (*begin != '-' && std::from_chars(begin, end, u).ec == std::errc()) return Json(u);
    return kept_number(literal);
  }
  const double d = to_double(literal);
  if (!std::isfinite(d)) return std::nullopt;
  return double_changes_it(literal, d) ? kept_number(literal) : Json(d);
}

std::string dump_json(const Json& value, int indent) {
  std::string out;
  std::vector<Writing> open;
  const auto begin = [&](const Json& v) {
    if (!big_number_text(v).empty()) {
      out += big_number_text(v);
    } else if (v.is_structured() && !v.empty()) {
      out += v.is_array() ? '[' : '{';
      open.push_back({&v, v.begin()});
    } else {
      out += v.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
  };
  begin(value);
  while (!open.empty()) {
    Writing& top = open.back();
    const Json& container = *top.container;
    if (top.next == container.end()) {
      open.pop_back();
      new_line(out, open.size(), indent);
      out += container.is_array() ? ']' : '}';
      continue;
    }
    if (top.next != container.begin()) out += ',';
    new_line(out, open.size(), indent);
    const auto at = top.next++;
    if (container.is_object()) {
      out += Json(at.key()).dump(-1, ' ', false, Json::error_handler_t::replace);
      out += indent < 0 ? ":" : ": ";
    }
    begin(*at);
  }
  return out;
}

}  // namespace carat
