#include "chat/call_body.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "chat/limits.h"
#include "chat/python_text.h"
#include "tokenizer/control_tokens.h"

namespace carat::chat {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string without_marks(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == kQuoteMark || c == kCallCloseMark; });
  return out;
}

/// schema.type if it is one name.
std::string_view declared_type(const Json* schema) {
  if (schema == nullptr || !schema->is_object()) return {};
  const auto type = schema->find("type");
  return type != schema->end() && type->is_string() ? type->get_ref<const std::string&>() : std::string_view();
}

const Json* child(const Json* schema, std::string_view keyword) {
  if (schema == nullptr || !schema->is_object()) return nullptr;
  const auto at = schema->find(keyword);
  return at == schema->end() ? nullptr : &*at;
}

/// null, booleans and numbers as JSON or Python write them.
std::optional<Json> literal(std::string_view word) {
  if (word == "null" || word == "None") return Json(nullptr);
  if (word == "true" || word == "True") return Json(true);
  if (word == "false" || word == "False") return Json(false);
  return json_number(word);
}

/// A quoted string: itself, unless the schema declares something else that it spells.
Json coerce_quoted(std::string text, const Json* schema) {
  const std::string type = lower(declared_type(schema));
  if (type == "integer" || type == "number" || type == "boolean" || type == "null") {
    std::optional<Json> value = literal(text);
    const bool fits = value && ((type == "boolean" && value->is_boolean()) || (type == "null" && value->is_null()) ||
                                ((type == "integer" || type == "number") && json_double(*value)));
    if (fits) return *std::move(value);
  }
  return Json(std::move(text));
}

Json coerce_bare(std::string_view word, const Json* schema) {
  if (lower(declared_type(schema)) == "string" && word != "null" && word != "None") return Json(std::string(word));
  if (std::optional<Json> value = literal(word)) return *std::move(value);
  return coerce_quoted(std::string(word), schema);
}

class BodyParser {
 public:
  /// `pos` is behind the opening brace, `close` its counterpart.
  BodyParser(std::string_view text, std::size_t pos, char close) : text_(text), pos_(pos), open_(1, close) {}

  Result<Json> parse_object(char close, const Json* schema, int depth) {
    if (depth > kMaxDepth) return too_deep();
    const Json* properties = child(schema, "properties");
    Json object = Json::object();
    while (true) {
      skip_blanks();
      if (at_end() || take(close)) return object;
      if (take(',')) continue;
      ASSIGN_OR_RETURN(const std::string key, parse_key());
      skip_blanks();
      if (!at_end() && !take(':') && !take('=')) return bad("expected ':' after a key");
      ASSIGN_OR_RETURN(Json value, parse_value(close, child(properties, key), depth + 1));
      if (object.size() >= kMaxMembers) {
        return limit_exceeded("tool call: more than " + std::to_string(kMaxMembers) + " keys in one object, the limit");
      }
      object[key] = std::move(value);
      skip_blanks();
      if (!at_end() && peek() != ',' && peek() != close) return bad("expected ',' after a value");
    }
  }

  std::size_t pos() const { return pos_; }

 private:
  static constexpr std::size_t kMaxMembers = 4096;

  bool at_end() const { return pos_ >= text_.size(); }
  char peek() const { return text_[pos_]; }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++pos_;
    return true;
  }
  void skip_blanks() { pos_ = std::min(text_.find_first_not_of(kBlanks, pos_), text_.size()); }

  Error bad(std::string_view what) const {
    return invalid_argument("tool call: " + std::string(what) + " at byte " + std::to_string(pos_));
  }
  static Error too_deep() {
    return limit_exceeded("tool call: nested deeper than " + std::to_string(kMaxDepth) + " levels, the limit");
  }

  Result<std::string> parse_key() {
    const char c = peek();
    if (c == kQuoteMark) return parse_marked_string();
    if (c == '"' || c == '\'') {
      if (std::optional<std::string> key = parse_plain_string(":=")) return *std::move(key);
    }
    const std::size_t end = std::min(text_.find_first_of(":=}", pos_), text_.size());
    if (end == text_.size() || text_[end] == '}') return bad("expected a key and ':'");
    std::string key = without_marks(trim(text_.substr(pos_, end - pos_)));
    pos_ = end;
    return key;
  }

  /// `close` is what ends the container around the value.
  Result<Json> parse_value(char close, const Json* schema, int depth) {
    skip_blanks();
    if (at_end()) return Json("");
    if (peek() == kQuoteMark) return coerce_quoted(parse_marked_string(), schema);
    if (take('{')) {
      open_.push_back('}');
      Result<Json> object = parse_object('}', schema, depth);
      open_.pop_back();
      return object;
    }
    if (take('[')) return parse_array(child(schema, "items"), depth);
    if (peek() == '"' || peek() == '\'') {
      const char ends[] = {',', close, '\0'};
      if (std::optional<std::string> text = parse_plain_string(ends)) return coerce_quoted(*std::move(text), schema);
    }
    const char ends[] = {',', close, kQuoteMark, kCallCloseMark, '\0'};
    const std::size_t end = std::min(text_.find_first_of(ends, pos_), text_.size());
    const std::string_view word = trim(text_.substr(pos_, end - pos_));
    pos_ = end;
    while (take(kQuoteMark) || take(kCallCloseMark)) {
    }  // a quote that opens nothing, after an unquoted word
    return coerce_bare(word, schema);
  }

  Result<Json> parse_array(const Json* items, int depth) {
    if (depth > kMaxDepth) return too_deep();
    open_.push_back(']');
    Json array = Json::array();
    while (true) {
      skip_blanks();
      if (at_end() || take(']')) break;
      if (take(',')) continue;
      ASSIGN_OR_RETURN(Json value, parse_value(']', items, depth + 1));
      array.push_back(std::move(value));
      skip_blanks();
      if (!at_end() && peek() != ',' && peek() != ']') return bad("expected ',' in a list");
    }
    open_.pop_back();
    return array;
  }

  /// Between two quote tokens, nothing escaped. Without the second, the string ends before the braces that are owed.
  std::string parse_marked_string() {
    ++pos_;
    const std::size_t end = text_.find(kQuoteMark, pos_);
    if (end != std::string_view::npos) {
      std::string text(text_.substr(pos_, end - pos_));
      replace_call_close(text);
      pos_ = end + 1;
      return text;
    }
    std::string_view rest = text_.substr(pos_);
    pos_ = text_.size();
    rest = rest.substr(0, rest.rfind(kCallCloseMark));
    rest = trim(rest);
    for (auto it = open_.rbegin(); it != open_.rend() && !rest.empty() && rest.back() == *it; ++it) {
      rest = trim(rest.substr(0, rest.size() - 1));
    }
    std::string text(rest);
    replace_call_close(text);
    return text;
  }

  static void replace_call_close(std::string& text) {
    for (std::size_t at = 0; (at = text.find(kCallCloseMark, at)) != std::string::npos;) {
      text.replace(at, 1, tokenizer::control::kToolCallClose);
    }
  }

  /// "…" or '…' with JSON's escapes, if a closing quote stands before one of `ends` or the end of the text; otherwise
  /// nothing is read.
  std::optional<std::string> parse_plain_string(std::string_view ends) {
    const char quote = peek();
    std::string out;
    for (std::size_t i = pos_ + 1; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == kQuoteMark || c == kCallCloseMark) return std::nullopt;
      if (c == quote) {
        const std::size_t after = text_.find_first_not_of(kBlanks, i + 1);
        if (after == std::string_view::npos || ends.find(text_[after]) != std::string_view::npos) {
          pos_ = i + 1;
          return out;
        }
        out += c;  // a quote inside, unescaped
      } else if (c == '\\' && i + 1 < text_.size()) {
        i = append_escape(out, i + 1);
      } else {
        out += c;
      }
    }
    return std::nullopt;
  }

  /// The escape whose letter stands at i; returns the index of its last character.
  std::size_t append_escape(std::string& out, std::size_t i) const {
    const char c = text_[i];
    if (c == 'u') {
      // Two escapes may be one surrogate pair; JSON's own parser tells.
      for (const std::size_t n_bytes : {std::size_t{12}, std::size_t{6}}) {
        const std::string_view escape = text_.substr(i - 1, n_bytes);
        if (escape.size() < n_bytes || (n_bytes == 12 && escape.substr(6, 2) != "\\u")) continue;
        std::string quoted(1, '"');
        quoted.append(escape).push_back('"');
        if (const Result<Json> text = parse_json(quoted)) {
          out += text->get<std::string>();
          return i - 1 + n_bytes - 1;
        }
      }
      out += "\\u";
      return i;
    }
    constexpr std::string_view kLetters = "nrtbf\"\\/'";
    constexpr std::string_view kMeanings = "\n\r\t\b\f\"\\/'";
    const std::size_t at = kLetters.find(c);
    if (at == std::string_view::npos) out += '\\';
    out += at == std::string_view::npos ? c : kMeanings[at];
    return i;
  }

  std::string_view text_;
  std::size_t pos_;
  std::string open_;  ///< closers owed, innermost last
};

std::size_t name_start(std::string_view body) {
  const std::size_t first = std::min(body.find_first_not_of(kBlanks), body.size());
  constexpr std::string_view kPrefix = "call:";
  return body.substr(first).starts_with(kPrefix) ? first + kPrefix.size() : first;
}

}  // namespace

std::string call_name(std::string_view body) {
  const std::size_t start = name_start(body);
  const std::size_t brace = std::min(body.find_first_of("{(", start), body.size());
  return without_marks(trim(body.substr(start, brace - start)));
}

Result<ToolCall> parse_call_body(std::string_view body, const Json* parameters) {
  ToolCall call;
  call.name = call_name(body);
  if (call.name.empty()) return invalid_argument("tool call: no name before '{'");
  const std::size_t brace = body.find_first_of("{(", name_start(body));
  if (brace == std::string_view::npos) {
    call.arguments = share_json(Json::object());
    return call;
  }
  const char close = body[brace] == '{' ? '}' : ')';
  BodyParser parser(body, brace + 1, close);
  ASSIGN_OR_RETURN(Json arguments, parser.parse_object(close, parameters, 1));
  const std::string_view rest = body.substr(parser.pos());
  if (rest.find_first_not_of(" \t\r\n})\xfe") != std::string_view::npos) {
    return invalid_argument("tool call: text after the closing brace at byte " + std::to_string(parser.pos()));
  }
  call.arguments = share_json(std::move(arguments));
  return call;
}

std::string readable_body(std::string_view body) {
  std::string out;
  for (const char c : body) {
    if (c == kQuoteMark) {
      out += tokenizer::control::kQuote;
    } else if (c == kCallCloseMark) {
      out += tokenizer::control::kToolCallClose;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace carat::chat
