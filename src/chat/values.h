#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "chat/prompt.h"

/// The value syntax of Gemma 4's tool calls, responses and declarations (spec/tokenizer-and-chat.md 2.5), and the parts
/// of Python's object model that the official template leans on. A null pointer is Jinja's "undefined".
namespace carat::chat {

enum class Keys { kBare, kQuoted };  ///< bare in calls and responses, quoted inside declarations

/// value := null | true | false | number | string | {pairs} | [values]; keys sorted as dictsort does. An undefined
/// value is an empty list. Errors: kLimit when nested deeper than kMaxDepth.
Result<void> write_value(PromptBuilder& out, const Json* value, Keys keys);

/// key:value,… without the braces. REQUIRES: `object` is an object.
Result<void> write_pairs(PromptBuilder& out, const Json& object, Keys keys);

/// <|"|>text<|"|>, nothing escaped.
void write_string(PromptBuilder& out, std::string_view text);

/// One member of an object as dictsort hands it out.
struct Member {
  std::string_view key;
  const Json* value;
};

/// Members by lower-cased key; equal keys keep their order. REQUIRES: `object` is an object.
std::vector<Member> sorted_members(const Json& object);

/// object[key], undefined when there is none or `object` is no object.
const Json* member(const Json* object, std::string_view key);

/// Python's truth: undefined, null, false, 0, "", [] and {} are false.
bool truthy(const Json* value);

/// str(value), "" for undefined; and its upper case.
std::string print(const Json* value);
std::string print_upper(const Json* value);

}  // namespace carat::chat
