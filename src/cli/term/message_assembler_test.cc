#include "cli/term/message_assembler.h"

#include <gtest/gtest.h>

#include <vector>

namespace carat::cli {
namespace {

/// The messages that these lines make.
std::vector<std::string> messages(const std::vector<std::string>& lines) {
  std::vector<std::string> all;
  MessageAssembler message;
  for (const std::string& line : lines) {
    if (message.add(line)) all.push_back(message.take());
  }
  if (message.begun()) all.push_back("unfinished: " + message.take());
  return all;
}

using Messages = std::vector<std::string>;

TEST(MessageAssembler, OneLineIsOneMessage) { EXPECT_EQ(messages({"a", "", "b c"}), (Messages{"a", "", "b c"})); }

TEST(MessageAssembler, ABackslashContinues) {
  EXPECT_EQ(messages({"a\\", "b\\", "c", "d"}), (Messages{"a\nb\nc", "d"}));
  EXPECT_EQ(messages({"\\", "x"}), Messages{"\nx"});
  EXPECT_EQ(messages({"C:\\\\", "x"}), (Messages{"C:\\\\", "x"})) << "two backslashes are text";
  EXPECT_EQ(messages({"a\\"}), Messages{"unfinished: a"});
}

TEST(MessageAssembler, Quotes) {
  EXPECT_EQ(messages({"\"\"\"", "a", "", "b\\", "\"\"\"", "c"}), (Messages{"a\n\nb\\", "c"}));
  EXPECT_EQ(messages({"\"\"\"one line\"\"\""}), Messages{"one line"});
  EXPECT_EQ(messages({"\"\"\"first", "last\"\"\""}), Messages{"first\nlast"});
  EXPECT_EQ(messages({"\"\"\"\"\"\""}), Messages{""});
  EXPECT_EQ(messages({"say \"\"\"", "x"}), (Messages{"say \"\"\"", "x"})) << "only at the beginning";
}

TEST(MessageAssembler, APasteIsOneLine) {
  EXPECT_EQ(messages({"a\nb\\\nc"}), Messages{"a\nb\\\nc"});
  EXPECT_EQ(messages({"#define A \\\n  1 \\"}), Messages{"#define A \\\n  1 \\"});
  EXPECT_EQ(messages({"\"\"\"", "a\nb", "\"\"\""}), Messages{"a\nb"});
}

}  // namespace
}  // namespace carat::cli
