#include "cli/chat/chat_view.h"

#include <gtest/gtest.h>

#include "cli/term/text_width.h"

namespace carat::cli {
namespace {

using Kind = chat::ReplyEvent::Kind;

chat::ReplyEvent event(Kind kind, std::string text) {
  chat::ReplyEvent event;
  event.kind = kind;
  event.text = std::move(text);
  return event;
}

/// What the view writes for these thoughts, a piece a token, and this answer.
std::string shown(const ChatView::Options& options, const std::vector<std::string>& thoughts,
                  const std::string& answer) {
  ::testing::internal::CaptureStdout();
  ChatView view(options);
  for (const std::string& thought : thoughts) {
    view.token();
    EXPECT_TRUE(view.event(event(Kind::kThinking, thought)));
  }
  view.token();
  if (!answer.empty()) {
    EXPECT_TRUE(view.event(event(Kind::kText, answer)));
  }
  EXPECT_TRUE(view.end({}));
  return ::testing::internal::GetCapturedStdout();
}

constexpr Terminal kColour{.attached = true, .interactive = true, .colour = true, .columns = 40};
constexpr Terminal kPlain{.attached = true, .interactive = true, .colour = false, .columns = 40};
constexpr Terminal kDumb{.attached = true, .interactive = false, .colour = false, .columns = 40};

TEST(ChatView, FoldsThoughtsIntoOneLine) {
  const std::string out = shown({kPlain}, {"let me ", "see\nwhat\x1b[2J is ", std::string(300, 'x')}, "The **answer**");
  const std::size_t wiped = out.rfind("\r\x1b[K");
  ASSERT_NE(wiped, std::string::npos);
  EXPECT_TRUE(out.substr(wiped + 4).starts_with("thought for ")) << out;
  EXPECT_TRUE(out.ends_with("3 tokens; /thoughts shows it\n\nThe **answer**\n")) << out;
  EXPECT_EQ(out.find("\x1b[2J"), std::string::npos);
  // Every line that rolled fits the terminal, or it could not be wiped.
  for (std::size_t at = 0; at < wiped;) {
    const std::size_t end = out.find("\r\x1b[K", at + 1);
    const std::string line = out.substr(at + 4, end - at - 4);
    EXPECT_LT(display_width(line), 40) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos);
    at = end;
  }
}

TEST(ChatView, ShowsThoughtsInFullWhenAsked) {
  const std::string out = shown({kColour, true}, {"let me\n", "see\x07"}, "yes");
  EXPECT_TRUE(out.starts_with("\x1b[2mlet me\n\x1b[0m\x1b[2msee␇\x1b[0m\n\x1b[2mthought for ")) << out;
  EXPECT_TRUE(out.ends_with(" s, 2 tokens\x1b[0m\n\nyes\n")) << out;
}

TEST(ChatView, WithoutATerminalsLanguage) {
  const std::string out = shown({kDumb}, {"let me ", "see"}, "**yes**\x1b[2J");
  EXPECT_TRUE(out.starts_with("thought for ")) << out;
  EXPECT_TRUE(out.ends_with("/thoughts shows it\n\n**yes**␛[2J\n")) << out;
}

TEST(ChatView, EndsWithANewline) {
  EXPECT_EQ(shown({kColour}, {}, "**yes**"), "\x1b[0;1myes\x1b[0m\n");
  EXPECT_EQ(shown({kColour}, {}, "yes\n"), "yes\n");
  EXPECT_EQ(shown({kColour}, {}, "```\nx\n```\n"), "\x1b[0;2m```\x1b[0m\n\x1b[0;36mx\x1b[0m\n\x1b[0;2m```\x1b[0m\n");
  EXPECT_EQ(shown({kColour}, {}, "| a |\n|---|\n| b |"), "\x1b[0;1ma\x1b[0m\n\x1b[0;2m─\x1b[0m\nb\n");
  EXPECT_EQ(shown({kColour}, {}, ""), "");
}

}  // namespace
}  // namespace carat::cli
