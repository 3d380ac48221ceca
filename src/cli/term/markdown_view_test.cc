#include "cli/term/markdown_view.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/utf8.h"

namespace carat::cli {
namespace {

/// Escape sequences as short tags: what a style test is about.
std::string tagged(std::string text) {
  for (std::size_t at; (at = text.find("\x1b[0")) != std::string::npos;) {
    const std::size_t end = text.find('m', at);
    std::string tag = text.substr(at + 3, end - at - 3);
    if (!tag.empty()) tag.erase(0, 1);  // the ; behind the reset
    tag.insert(0, 1, '<').append(1, '>');
    text.replace(at, end + 1 - at, tag);
  }
  return text;
}

std::string shown(std::string_view text, const MarkdownView::Options& options = {}) {
  MarkdownView view(options);
  std::string out = view.push(text);
  return out + view.finish();
}

std::string tags(std::string_view text, int columns = 80) { return tagged(shown(text, {.columns = columns})); }

std::string plain(std::string_view text, int columns = 80) {
  return shown(text, {.colour = false, .columns = columns});
}

TEST(MarkdownView, MarksInsideLines) {
  EXPECT_EQ(tags("a **bold** and *it* and `code` end\n"), "a <1>bold<> and <3>it<> and <36>code<> end\n");
  EXPECT_EQ(tags("***both*** __b__ _i_ ~~gone~~\n"), "<1;3>both<> <1>b<> <3>i<> <9>gone<>\n");
  EXPECT_EQ(tags("*a **b** c*\n"), "<3>a <1;3>b<3> c<>\n");
  EXPECT_EQ(tags("**b *i***\n"), "<1>b <1;3>i<>\n");
  EXPECT_EQ(tags("see [the page](https://x.org/a_(b)) now\n"), "see <4>the page<2> (https://x.org/a_(b))<> now\n");
  EXPECT_EQ(tags("[https://x.org](https://x.org)\n"), "<4>https://x.org<>\n");
  EXPECT_EQ(tags("![a cat](cat.png \"title\")\n"), "<4>a cat<2> (cat.png)<>\n");
  EXPECT_EQ(tags("``a ` b`` and `**no**`\n"), "<36>a ` b<> and <36>**no**<>\n");
  EXPECT_EQ(tags("**粗体**文字\n"), "<1>粗体<>文字\n");
}

TEST(MarkdownView, NoCharacterIsLostWhereNothingIsMarked) {
  for (const std::string text : {"use **kwargs and *args to pass\n",
                                 "2 * 3 * 4 = 24, 2*3*4 too\n",
                                 "snake_case_name and __init__x\n",
                                 "a ` lone tick\n",
                                 "an [unclosed bracket\n",
                                 "[citation needed] yes\n",
                                 "f(x)[0](y\n",
                                 "wow! great!\n",
                                 "C:\\Users\\me, \\( x^2 \\)\n",
                                 "~/.config and ~~\n",
                                 "**\n",
                                 "a < b & c > d\n",
                                 "$a_1 * b_2$\n",
                                 "x ****\n",
                                 "#hashtag\n",
                                 "1.5 is a number\n",
                                 "-5 degrees\n",
                                 "3)x\n",
                                 "`\n",
                                 "*",
                                 "\\",
                                 "!",
                                 "[",
                                 "end with **"}) {
    EXPECT_EQ(tags(text), text);
  }
  EXPECT_EQ(tags("\\*not\\* \\`this\\`\n"), "*not* `this`\n");
}

TEST(MarkdownView, Lines) {
  EXPECT_EQ(tags("# Title *x*\ntext\n## Two\n"), "<1;4>Title <1;3;4>x<>\ntext\n<1>Two<>\n");
  EXPECT_EQ(tags("- one\n  * two\n+ three\n10. ten\n2) **b**\n"),
            "<2>• <>one\n  <2>• <>two\n<2>• <>three\n<2>10. <>ten\n<2>2) <1>b<>\n");
  EXPECT_EQ(tags("> said *he*\n>> deep\n>\nout\n"), "<2>│ <>said <3>he<>\n<2>│ │ <>deep\n<2>│ <>\nout\n");
  EXPECT_EQ(tags("---\n* * *\n", 3), "<2>───<>\n<2>───<>\n");
  EXPECT_EQ(tags("\n\na\n\nb"), "\n\na\n\nb");
}

TEST(MarkdownView, FencedCode) {
  EXPECT_EQ(tags("```py\na = **b**\n\n# no heading\n``` \nafter *x*\n"),
            "<2>```py<>\n<36>a = **b**<>\n\n<36># no heading<>\n<2>``` <>\nafter <3>x<>\n");
  EXPECT_EQ(tags("~~~~\n~~~\n```\n~~~~~\n*x*"), "<2>~~~~<>\n<36>~~~<>\n<36>```<>\n<2>~~~~~<>\n<3>x<>");
  EXPECT_EQ(tags("```\nnever closed"), "<2>```<>\n<36>never closed<>");
  EXPECT_EQ(tags("1. item\n   ```sh\n   ls\n   ```\n"), "<2>1. <>item\n<2>   ```sh<>\n<36>   ls<>\n<2>   ```<>\n");
  EXPECT_EQ(tags("```inline``` code\n"), "<36>inline<> code\n");
}

TEST(MarkdownView, Tables) {
  EXPECT_EQ(plain("| a | bb |\n|---|---:|\n| ccc | d |\n| 日本 | `x|y` \\| z |\nafter\n"),
            "a    │        bb\n─────┼──────────\nccc  │         d\n日本 │ `x|y` | z\nafter\n");
}

TEST(MarkdownView, TablesAlign) {
  const std::string table = "| name | n |\n| :-- | --: |\n| **one** | 1 |\n| twenty | 20 |\n";
  EXPECT_EQ(tags(table),
            "<1>name<>  <2> │ <> <1>n<>\n"
            "<2>───────┼───<>\n<1>one<>   <2> │ <> 1\ntwenty<2> │ <>20\n");
}

TEST(MarkdownView, NarrowTablesBecomeRecords) {
  EXPECT_EQ(plain("| key | value |\n|-|-|\n| a | something long |\n| b | more |\n", 12),
            "key: a\nvalue: something long\n\nkey: b\nvalue: more\n");
}

TEST(MarkdownView, WhatOnlyLooksLikeATable) {
  EXPECT_EQ(plain("| not | a\n| table *x*\nend\n"), "| not | a\n| table *x*\nend\n");
  EXPECT_EQ(plain("|a|"), "|a|\n");
  EXPECT_EQ(plain("|x| |\n" + std::string(9000, '|') + "\nend\n"), "|x| |\n" + std::string(9000, '|') + "\nend\n");
}

TEST(MarkdownView, WithoutColoursMarksStay) {
  EXPECT_EQ(plain("# T\n**b** `c`\n```\nx\n```\n- i\n"), "# T\n**b** `c`\n```\nx\n```\n• i\n");
}

TEST(MarkdownView, NothingDrivesTheTerminal) {
  const std::string evil =
      "\x1b]0;owned\x07 \x1b[2J`\x1b[31m` \xc2\x9b"
      "31m \x7f \r back\b \xe2\x80\xae"
      "txet [a](\x1b]8;;x\x1b\\) | \x00 z";
  for (const std::string& text : {evil, "| " + evil + " |\n|-|\n", "```" + evil + "\n" + evil, "# " + evil}) {
    const std::string out = shown(text, {.colour = false});
    for (const char c : out) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') << out;
    EXPECT_EQ(out.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(out.find("\xe2\x80\xae"), std::string::npos);
    EXPECT_TRUE(is_valid_utf8(out));
    const std::string coloured = tagged(shown(text));
    EXPECT_EQ(coloured.find('\x1b'), std::string::npos) << "only our own sequences";
  }
}

constexpr std::string_view kEverything =
    "# Head **b**\n\nSome *it*, **bo*ld*** and `co``de` [l](u) ![i](j) ~~s~~ x_y_z \\* 2*3 **open\n"
    "> quote `c`\n> > two\n- a\n  - [ ] b\n* c\n1. d\n12) e\n---\n***\n**b**\n```c++ x\nint **p; `\n  ```` \n```\n"
    "| a | *b* |\n|:-:|--|\n| `1` | **2** |\n| 長い | 4 |\ntext\n| x |\nnot\n    code?\n~~~\nz\n~~~\n"
    "***bi*** __u__ \xf0\x9f\x99\x82 !\n[x\n`t\n_a_ b_c_ *d e\n#no\n>\n\n| t |\n|---|";

TEST(MarkdownView, PiecesDoNotMatter) {
  for (const bool colour : {true, false}) {
    const MarkdownView::Options options{.colour = colour, .columns = 60};
    const std::string expected = shown(kEverything, options);
    for (std::size_t size = 1; size < kEverything.size(); ++size) {
      MarkdownView view(options);
      std::string out;
      for (std::size_t at = 0; at < kEverything.size();) {
        std::size_t end = std::min(at + size, kEverything.size());
        while (end < kEverything.size() && (static_cast<unsigned char>(kEverything[end]) & 0xC0) == 0x80) ++end;
        out += view.push(kEverything.substr(at, end - at));
        at = end;
      }
      ASSERT_EQ(out + view.finish(), expected) << size;
    }
  }
}

/// Texts of marks in any order: the output is the same however they come, and holds nothing of the terminal's language.
TEST(MarkdownView, PiecesDoNotMatterForAnyText) {
  constexpr std::string_view kPieces[] = {"*",  "**", "_",  "`",  "``", "```", "~~", "[", "]",
                                          "(",  ")",  "!",  "\\", "|",  "-",   "#",  " ", ">",
                                          "\n", "a",  "b1", "1.", "\t", "|-|", "é",  "+", "\n\n"};
  std::uint64_t n = 0;
  const auto draw = [&](std::size_t below) {
    return static_cast<std::size_t>(uniform_at(11, 0, n++) * static_cast<double>(below));
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string_view> pieces;
    std::string text;
    for (std::size_t i = 0, length = draw(60); i < length; ++i) {
      pieces.push_back(kPieces[draw(std::size(kPieces))]);
      text += pieces.back();
    }
    const std::string expected = shown(text);
    MarkdownView view({});
    std::string out;
    for (const std::string_view piece : pieces) out += view.push(piece);
    ASSERT_EQ(out + view.finish(), expected) << text;
  }
}

TEST(MarkdownView, AMarkThatNeverClosesDoesNotHoldTheStreamForEver) {
  const std::string text = std::string("**").append(5000, 'x');
  MarkdownView view({});
  EXPECT_GT(view.push(text).size(), 4000u);
  MarkdownView pieces({});
  std::string out;
  for (const char c : text) out += pieces.push(std::string_view(&c, 1));
  EXPECT_EQ(out + pieces.finish(), text);
}

}  // namespace
}  // namespace carat::cli
