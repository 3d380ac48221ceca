#include "chat/values.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "chat/limits.h"
#include "chat/python_text.h"
#include "tokenizer/control_tokens.h"

namespace carat::chat {
namespace {

void write_key(PromptBuilder& out, std::string_view key, Keys keys) {
  if (keys == Keys::kQuoted) {
    write_string(out, key);
  } else {
    out.text(key);
  }
  out.text(":");
}

Result<void> write_nested(PromptBuilder& out, const Json* value, Keys keys, int depth);

Result<void> write_members(PromptBuilder& out, const Json& object, Keys keys, int depth) {
  bool first = true;
  for (const Member& m : sorted_members(object)) {
    if (!first) out.text(",");
    first = false;
    write_key(out, m.key, keys);
    RETURN_IF_ERROR(write_nested(out, m.value, keys, depth));
  }
  return {};
}

Result<void> write_nested(PromptBuilder& out, const Json* value, Keys keys, int depth) {
  if (depth > kMaxDepth) {
    return limit_exceeded("chat: a value is nested deeper than " + std::to_string(kMaxDepth) + " levels, the limit");
  }
  if (value == nullptr) {
    out.text("[]");
  } else if (value->is_null()) {
    out.text("null");
  } else if (value->is_string()) {
    write_string(out, value->get_ref<const std::string&>());
  } else if (value->is_boolean()) {
    out.text(value->get<bool>() ? "true" : "false");
  } else if (value->is_object()) {
    out.text("{");
    RETURN_IF_ERROR(write_members(out, *value, keys, depth + 1));
    out.text("}");
  } else if (value->is_array()) {
    out.text("[");
    bool first = true;
    for (const Json& item : *value) {
      if (!first) out.text(",");
      first = false;
      RETURN_IF_ERROR(write_nested(out, &item, keys, depth + 1));
    }
    out.text("]");
  } else {
    out.text(python_number(*value));
  }
  return {};
}

}  // namespace

Result<void> write_value(PromptBuilder& out, const Json* value, Keys keys) { return write_nested(out, value, keys, 0); }

Result<void> write_pairs(PromptBuilder& out, const Json& object, Keys keys) {
  return write_members(out, object, keys, 1);
}

void write_string(PromptBuilder& out, std::string_view text) {
  out.control(tokenizer::control::kQuote).text(text).control(tokenizer::control::kQuote);
}

std::vector<Member> sorted_members(const Json& object) {
  struct Keyed {
    std::string lower_key;
    Member member;
  };
  std::vector<Keyed> keyed;
  keyed.reserve(object.size());
  for (const auto& [key, value] : object.get_ref<const Json::object_t&>()) keyed.push_back({lower(key), {key, &value}});
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const Keyed& a, const Keyed& b) { return a.lower_key < b.lower_key; });
  std::vector<Member> members;
  members.reserve(keyed.size());
  for (const Keyed& k : keyed) members.push_back(k.member);
  return members;
}

const Json* member(const Json* object, std::string_view key) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto at = object->find(key);
  return at == object->end() ? nullptr : &*at;
}

bool truthy(const Json* value) {
  if (value == nullptr || value->is_null()) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_string()) return !value->get_ref<const std::string&>().empty();
  if (value->is_structured()) return !value->empty();
  return json_double(*value).value_or(0) != 0;
}

std::string print(const Json* value) { return value == nullptr ? std::string() : python_str(*value); }
std::string print_upper(const Json* value) { return upper(print(value)); }

}  // namespace carat::chat
