#include "chat/render.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "chat/request_json.h"

namespace carat::chat {
namespace {

Json examples() {
  std::ifstream file(CARAT_SOURCE_DIR "/tests/golden/chat/chat-examples.json");
  std::stringstream text;
  text << file.rdbuf();
  return *parse_json(text.str());
}

std::string rendered(ChatFormat format, const Json& request) {
  Result<Request> read = read_request(request);
  if (!read) return "error: " + read.error().to_string();
  Result<Prompt> prompt = render(format, *read);
  return prompt ? to_string(*prompt) : "error: " + prompt.error().to_string();
}

std::string rendered(ChatFormat format, std::string_view request) { return rendered(format, *parse_json(request)); }

// Every expected string of the official template, both variants.
TEST(RenderGemma4, EqualsTheOfficialTemplate) {
  int n_strings = 0;
  const Json all = examples();
  for (const Json& example : all["prompt_examples"]) {
    const Json& expected = example["expected"];
    for (const auto& [variant, format] :
         {std::pair("small", ChatFormat::kGemma4Small), std::pair("large", ChatFormat::kGemma4Large)}) {
      const auto at = expected.contains("both") ? expected.find("both") : expected.find(variant);
      ASSERT_NE(at, expected.end());
      EXPECT_EQ(rendered(format, example), at->get<std::string>()) << example["name"] << " " << variant;
      ++n_strings;
    }
  }
  EXPECT_EQ(n_strings, 130);
}

}  // namespace
}  // namespace carat::chat
