#include "chat/chat_testing.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "chat/request_json.h"

namespace carat::chat::testing {

Json examples() {
  std::ifstream file(CARAT_SOURCE_DIR "/tests/golden/chat/chat-examples.json");
  std::stringstream text;
  text << file.rdbuf();
  return parse_json(text.str()).value();
}

std::string rendered(ChatFormat format, const Json& request) {
  const Result<Request> read = read_request(request);
  if (!read) return "error: " + read.error().to_string();
  const Result<Prompt> prompt = render(format, *read);
  return prompt ? to_string(*prompt) : "error: " + prompt.error().to_string();
}

std::string rendered_from(ChatFormat format, std::string_view request_json) {
  return rendered(format, parse_json(request_json).value());
}

}  // namespace carat::chat::testing
