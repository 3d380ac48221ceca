#include "cli/token_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"

namespace carat::cli {
namespace {

using tokenizer::TokenId;
using tokenizer::Tokenizer;

constexpr std::string_view kSeparators = ", \t\r\n";
// An array of ids may be a whole book; the parser's other limits stay.
constexpr JsonLimits kLineLimits{.members = std::size_t{1} << 26};

Error no_id(std::string_view where, std::string_view what, std::size_t vocab_size) {
  return invalid_argument(fmt::format("{}: {} is no token id; 0 to {} was expected", where, what,
                                      static_cast<std::int64_t>(vocab_size) - 1));
}

/// The member of an object that must be there.
Result<Json> member(std::string_view line, const char* name, Json::value_t type, std::string_view expected,
                    std::string_view where) {
  auto json = parse_json(line, kLineLimits);
  if (!json) return std::move(json).error().while_doing(std::string(where));
  if (!json->is_object() || !json->contains(name) || (*json)[name].type() != type) {
    return invalid_argument(fmt::format("{}: {} was expected", where, expected));
  }
  return std::move((*json)[name]);
}

}  // namespace

Result<std::vector<TokenId>> parse_token_ids(std::string_view text, std::size_t vocab_size, std::string_view where) {
  std::vector<TokenId> ids;
  for (std::size_t at = text.find_first_not_of(kSeparators); at != std::string_view::npos;
       at = text.find_first_not_of(kSeparators, at)) {
    const std::size_t end = std::min(text.find_first_of(kSeparators, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    TokenId id = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || stop != word.data() + word.size() || id < 0 ||
        static_cast<std::size_t>(id) >= vocab_size) {
      return no_id(where, fmt::format("\"{}\"", word.substr(0, 20)), vocab_size);
    }
    ids.push_back(id);
    at = end;
  }
  return ids;
}

std::string format_token_ids(std::span<const TokenId> ids) { return fmt::format("{}", fmt::join(ids, " ")); }

Result<std::string> encode_json(const Tokenizer& tokenizer, std::string_view line, bool special,
                                std::string_view where) {
  ASSIGN_OR_RETURN(const Json text, member(line, "text", Json::value_t::string, "{\"text\": \"...\"}", where));
  const auto& bytes = text.get_ref<const std::string&>();
  const std::vector<TokenId> ids = special ? tokenizer.encode_with_control(bytes) : tokenizer.encode(bytes);
  return fmt::format("{{\"ids\": [{}]}}", fmt::join(ids, ", "));
}

Result<std::string> decode_json(const Tokenizer& tokenizer, std::string_view line, std::string_view where) {
  ASSIGN_OR_RETURN(const Json numbers, member(line, "ids", Json::value_t::array, "{\"ids\": [...]}", where));
  std::vector<TokenId> ids;
  ids.reserve(numbers.size());
  for (const Json& number : numbers) {
    if (!number.is_number_unsigned() || number.get<std::uint64_t>() >= tokenizer.vocab_size()) {
      return no_id(where, number.dump().substr(0, 20), tokenizer.vocab_size());
    }
    ids.push_back(number.get<TokenId>());
  }
  return fmt::format("{{\"text\": {}}}", Json(tokenizer.decode(ids)).dump());
}

}  // namespace carat::cli
