#include "cli/chat/slash_commands.h"

#include <gtest/gtest.h>

namespace carat::cli {
namespace {

std::string error_of(std::string_view line) {
  const auto parsed = parse_slash(line);
  EXPECT_FALSE(parsed) << line;
  return parsed ? "" : parsed.error().to_string();
}

TEST(ParseSlash, Commands) {
  for (const SlashCommand& command : slash_commands()) {
    const auto parsed = parse_slash(command.name);
    ASSERT_TRUE(parsed && parsed->has_value()) << command.name;
    EXPECT_EQ((*parsed)->id, command.id);
    EXPECT_EQ((*parsed)->argument, "");
  }
  const auto file = parse_slash("/file   my notes.txt \t");
  ASSERT_TRUE(file && file->has_value());
  EXPECT_EQ((*file)->id, Slash::kFile);
  EXPECT_EQ((*file)->argument, "my notes.txt");
}

TEST(ParseSlash, Messages) {
  for (const std::string line : {"hello", "", " /help", "/etc/hosts is a file", "//help", "/help\nme", "a / b"}) {
    const auto parsed = parse_slash(line);
    ASSERT_TRUE(parsed) << line;
    EXPECT_FALSE(parsed->has_value()) << line;
  }
  EXPECT_EQ(message_of("//help me"), "/help me");
  EXPECT_EQ(message_of("// a comment\nmore"), "// a comment\nmore") << "a paste is left alone";
  EXPECT_EQ(message_of("/etc/hosts"), "/etc/hosts");
  for (const std::string message : {"/help me", "//", "/etc/hosts", "plain", "/a\nb"}) {
    EXPECT_EQ(message_of(as_typed(message)), message);
    EXPECT_FALSE(parse_slash(as_typed(message))->has_value()) << message;
  }
}

TEST(ParseSlash, Mistakes) {
  EXPECT_EQ(error_of("/thnk on"), "there is no command /thnk; did you mean /think?");
  EXPECT_NE(error_of("/frobnicate").find("/help shows the commands"), std::string::npos);
  EXPECT_NE(error_of("/").find("there is no command /"), std::string::npos);
  EXPECT_NE(error_of("/bye now").find("/bye takes nothing"), std::string::npos);
  EXPECT_EQ(error_of("/x\x1b[2J").find('\x1b'), std::string::npos);
}

TEST(CompleteSlash, Words) {
  const std::vector<std::string> chats = {"plans", "physics", "bad\x1b"};
  EXPECT_EQ(complete_slash("/st", chats, "").candidates, std::vector<std::string>{"/stats"});
  EXPECT_EQ(complete_slash("/s", chats, "").candidates, (std::vector<std::string>{"/save ", "/stats", "/system "}));
  EXPECT_EQ(complete_slash("/load p", chats, "").candidates, (std::vector<std::string>{"physics", "plans"}));
  EXPECT_EQ(complete_slash("/load ", chats, "").candidates.size(), 2u) << "no name that drives the terminal";
  EXPECT_EQ(complete_slash("/think o", chats, "").candidates, (std::vector<std::string>{"off", "on"}));
  EXPECT_TRUE(complete_slash("hello", chats, "").candidates.empty());
  EXPECT_TRUE(complete_slash("/bye x", chats, "").candidates.empty());
}

}  // namespace
}  // namespace carat::cli
