#include "fuzz/json_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"

namespace carat::fuzz {
namespace {

class Reader {
 public:
  Reader(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

  std::optional<SecondJsonText> read() {
    if (!is_valid_utf8(text_)) return std::nullopt;
    blanks();
    if (!value(out_.value, 0)) return std::nullopt;
    blanks();
    if (at_ != text_.size()) return std::nullopt;
    return std::move(out_);
  }

 private:
  using Kind = SecondJson::Kind;

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view w) {
    if (text_.substr(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }
  void blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool value(SecondJson& out, std::size_t depth) {
    switch (peek()) {
      case '{':
        return object(out, depth + 1);
      case '[':
        return array(out, depth + 1);
      case '"':
        out.kind = Kind::kString;
        return string(out.text);
      case 't':
        out.kind = Kind::kTrue;
        return word("true");
      case 'f':
        out.kind = Kind::kFalse;
        return word("false");
      case 'n':
        return word("null");
      default:
        return number(out);
    }
  }

  bool open(std::size_t depth) {
    out_.depth = std::max(out_.depth, depth);
    ++at_;
    return depth <= max_depth_;
  }

  bool object(SecondJson& out, std::size_t depth) {
    out.kind = Kind::kObject;
    if (!open(depth)) return false;
    blanks();
    if (take('}')) return true;
    do {
      blanks();
      auto& [key, member] = out.members.emplace_back();
      if (!string(key)) return false;
      blanks();
      if (!take(':')) return false;
      blanks();
      ++out_.n_members;
      if (!value(member, depth)) return false;
      blanks();
    } while (take(','));
    return take('}');
  }

  bool array(SecondJson& out, std::size_t depth) {
    out.kind = Kind::kArray;
    if (!open(depth)) return false;
    blanks();
    if (take(']')) return true;
    do {
      blanks();
      ++out_.n_members;
      if (!value(out.items.emplace_back(), depth)) return false;
      blanks();
    } while (take(','));
    return take(']');
  }

  std::size_t digits() {
    const std::size_t from = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - from;
  }

  bool number(SecondJson& out) {
    out.kind = Kind::kNumber;
    const std::size_t from = at_;
    take('-');
    if (!take('0') && (peek() < '1' || peek() > '9' || digits() == 0)) return false;
    bool integer = true;
    if (take('.')) {
      integer = false;
      if (digits() == 0) return false;
    }
    if (take('e') || take('E')) {
      integer = false;
      if (!take('+')) take('-');
      if (digits() == 0) return false;
    }
    out.text = text_.substr(from, at_ - from);
    out_.longest_number = std::max(out_.longest_number, out.text.size());
    if (!integer) out_.longest_decimal = std::max(out_.longest_decimal, out.text.size());
    if (!std::isfinite(std::strtod(out.text.c_str(), nullptr))) out_.has_infinite_number = true;
    if (integer) {
      std::int64_t i = 0;
      std::uint64_t u = 0;
      const char *begin = out.text.data(), *end = begin + out.text.size();
      if (std::from_chars(begin, end, i).ec != std::errc() && std::from_chars(begin, end, u).ec != std::errc()) {
        out_.has_big_integer = true;
      }
    }
    return true;
  }

  // The four digits after \u.
  bool unit(std::uint32_t& value) {
    value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    return true;
  }

  bool escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    const char c = peek();
    if (const auto i = kNames.find(c); c != '\0' && i != std::string_view::npos) {
      out += kValues[i];
      ++at_;
      return true;
    }
    std::uint32_t high = 0, low = 0;
    if (!take('u') || !unit(high)) return false;
    if (high < 0xD800 || high > 0xDFFF) {
      append_utf8(high, out);
      return true;
    }
    if (high > 0xDBFF || !take('\\') || !take('u') || !unit(low) || low < 0xDC00 || low > 0xDFFF) return false;
    append_utf8(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), out);
    return true;
  }

  bool string(std::string& out) {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t max_depth_, at_ = 0;
  SecondJsonText out_;
};

}  // namespace

const SecondJson* SecondJson::find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::optional<SecondJsonText> read_json_again(std::string_view text, std::size_t max_depth) {
  return Reader(text, max_depth).read();
}

}  // namespace carat::fuzz
