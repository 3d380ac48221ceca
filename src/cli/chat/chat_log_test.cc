#include "cli/chat/chat_log.h"

#include <gtest/gtest.h>

#include "cli/chat/export.h"
#include "cli/chat/turn_details.h"

namespace carat::cli {
namespace {

std::vector<std::string> contents(const ChatLog& log) {
  std::vector<std::string> texts;
  for (const ChatTurn* turn : log.turns()) texts.push_back(turn->content);
  return texts;
}

std::vector<std::string> stored(MemoryChats& chats, ChatId chat) {
  std::vector<std::string> texts;
  const std::vector<StoredTurn> path = chats.path(chat).value();
  for (const StoredTurn& turn : path) texts.push_back(turn.turn.content);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(ChatLog, SavesEveryTurnAsItComes) {
  MemoryChats chats;
  ChatLog log(chats, "model");
  EXPECT_FALSE(log.id()) << "nothing is made before there is a turn";
  log.add(0, {"user", "q1"});
  ASSERT_TRUE(log.id());
  EXPECT_EQ(stored(chats, *log.id()), Texts{"q1"});
  log.add(1, {"assistant", "a1"});
  EXPECT_EQ(stored(chats, *log.id()), (Texts{"q1", "a1"}));
  EXPECT_TRUE(log.take_notes().empty());
}

TEST(ChatLog, AlternativesStandBesideEachOther) {
  MemoryChats chats;
  ChatLog log(chats, "model");
  log.add(0, {"user", "q1"});
  EXPECT_EQ(log.n_alternatives(1), 0u);
  log.add(1, {"assistant", "a1"});
  EXPECT_EQ(log.n_alternatives(1), 1u);
  log.add(1, {"assistant", "a1 again"});
  EXPECT_EQ(log.n_alternatives(1), 2u);
  log.add(0, {"user", "q1 edited"});
  EXPECT_EQ(log.n_alternatives(0), 2u);
  EXPECT_EQ(log.n_alternatives(1), 0u);
  EXPECT_EQ(contents(log), Texts{"q1 edited"});
  EXPECT_EQ(stored(chats, *log.id()), Texts{"q1 edited"});
  EXPECT_EQ(chats.all_turns(*log.id()).size(), 4u) << "nothing is lost";
  EXPECT_EQ(chats.all_turns(*log.id())[2].parent, chats.all_turns(*log.id())[0].id);
  EXPECT_EQ(chats.all_turns(*log.id())[3].parent, std::nullopt);
}

TEST(ChatLog, GoesOnWhenSavingFails) {
  MemoryChats chats;
  ChatLog log(chats, "model");
  chats.fail_with(io_error("disk full"));
  log.add(0, {"user", "q1"});
  auto notes = log.take_notes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("cannot be saved: disk full"), std::string::npos);
  log.add(1, {"assistant", "a1"});
  log.add(1, {"assistant", "a2"});
  EXPECT_EQ(log.n_alternatives(1), 2u);
  log.set_think(true);
  EXPECT_TRUE(log.take_notes().empty()) << "said once";
  EXPECT_EQ(log.n_unsaved(), 3u);
  EXPECT_EQ(contents(log), (Texts{"q1", "a2"}));
  EXPECT_NE(chat_as_markdown(log).find("a2"), std::string::npos) << "/export works";
  EXPECT_FALSE(log.rename("name"));

  chats.fail_with(std::nullopt);
  log.add(2, {"user", "q2"});
  EXPECT_EQ(log.n_unsaved(), 0u);
  notes = log.take_notes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("saved again"), std::string::npos);
  EXPECT_EQ(stored(chats, *log.id()), (Texts{"q1", "a2", "q2"}));
  EXPECT_EQ(chats.all_turns(*log.id()).size(), 4u) << "the first answer too";
  EXPECT_TRUE(chats.find("1")->think);
}

TEST(ChatLog, NothingUnsavedIsLeftBehind) {
  MemoryChats chats;
  ChatLog log(chats, "model");
  chats.fail_with(io_error("disk full"));
  log.add(0, {"user", "q1"});
  log.take_notes();
  auto refused = log.start();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().to_string().find("1 turn is not saved yet"), std::string::npos);
  EXPECT_NE(refused.error().to_string().find("/export"), std::string::npos);
  log.add(1, {"assistant", "a1"});
  refused = log.start();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().to_string().find("2 turns are"), std::string::npos);
  EXPECT_FALSE(log.load(ChatInfo{})) << "nor for another chat";
  EXPECT_EQ(contents(log), (Texts{"q1", "a1"}));
  EXPECT_TRUE(log.take_notes().empty());
  refused = log.finish();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kIo);
  EXPECT_NE(refused.error().to_string().find("2 turns of this chat could not be saved: disk full"), std::string::npos);

  chats.fail_with(std::nullopt);
  ASSERT_TRUE(log.finish());
  EXPECT_EQ(stored(chats, *log.id()), (Texts{"q1", "a1"}));
  ASSERT_TRUE(log.start());
  EXPECT_EQ(log.size(), 0u);
}

TEST(ChatLog, GoesToAnotherChatOnceItIsSaved) {
  MemoryChats chats;
  ChatLog log(chats, "model");
  log.add(0, {"user", "q1"});
  chats.fail_with(io_error("disk full"));
  log.add(1, {"assistant", "a1"});
  chats.fail_with(std::nullopt);
  const ChatId first = *log.id();
  ASSERT_TRUE(log.start());
  EXPECT_EQ(stored(chats, first), (Texts{"q1", "a1"}));
}

TEST(ChatLog, LoadsNamesAndSettings) {
  MemoryChats chats;
  ChatLog log(chats, "model");
  log.set_system("be kind");
  log.add(0, {"user", "q1"});
  log.add(1, {"assistant", "a1", "hm"});
  ASSERT_TRUE(log.rename("plans"));
  ASSERT_TRUE(log.start());
  EXPECT_EQ(log.system(), "be kind") << "settings stay";
  log.set_system("");
  log.add(0, {"user", "other"});
  EXPECT_FALSE(log.rename("plans")) << "the name is taken";
  EXPECT_EQ(log.name(), "");

  ChatLog later(chats, "another model");
  ASSERT_TRUE(later.load(*chats.find("plans")));
  EXPECT_EQ(contents(later), (Texts{"q1", "a1"}));
  EXPECT_EQ(later.turn(1).thinking, "hm");
  EXPECT_EQ(later.system(), "be kind");
  EXPECT_EQ(later.name(), "plans");
  later.add(2, {"user", "q2"});
  EXPECT_EQ(stored(chats, *later.id()), (Texts{"q1", "a1", "q2"}));
  EXPECT_EQ(chats.find("plans")->model, "another model");
  EXPECT_EQ(chats.latest().value()->name, "plans");
}

TEST(TurnDetails, FilesAndWhatWasTyped) {
  const ChatTurn turn{"user", "File a:\n```\nx\n```\n\nwhy?", {}, message_details({"a"}, 4)};
  const MessageParts parts = message_parts(turn);
  EXPECT_EQ(parts.typed, "why?");
  EXPECT_EQ(parts.files, "File a:\n```\nx\n```\n\n");
  EXPECT_EQ(parts.file_names, Texts{"a"});
  for (const char* foreign : {"", "[]", "not json", "{\"files\": 1}", "{\"files\": [], \"n_typed_bytes\": 999}",
                              "{\"files\": [\"a\"], \"n_typed_bytes\": -1}"}) {
    const ChatTurn other{"user", "text", {}, foreign};
    EXPECT_EQ(message_parts(other).typed, "text") << foreign;
    EXPECT_FALSE(was_stopped(other));
  }
  EXPECT_TRUE(was_stopped({"assistant", "x", {}, R"({"reason": "cancelled"})"}));
}

TEST(Export, MarkdownAndJson) {
  MemoryChats chats;
  ChatLog log(chats, "model");
  const std::string folder = ::testing::TempDir();
  EXPECT_FALSE(export_chat(log, folder + "/empty.md"));
  log.set_system("be kind");
  log.add(0, {"user", "q\"1"});
  log.add(1, {"assistant", "a1", "hm\nhm", "{\"reason\": \"stop\"}"});
  EXPECT_EQ(chat_as_markdown(log),
            "# Chat\n\nModel: model\n\n## System\n\nbe kind\n\n## User\n\nq\"1\n\n## Assistant\n\n> hm\n> hm\n\na1\n");
  EXPECT_NE(chat_as_json(log).find("\"content\": \"q\\\"1\""), std::string::npos);
  EXPECT_NE(chat_as_json(log).find("\"reasoning\": \"hm\\nhm\""), std::string::npos);
  EXPECT_FALSE(export_chat(log, folder + "/chat.txt"));
  const std::string path = folder + "/carat-export.json";
  std::remove(path.c_str());
  ASSERT_TRUE(export_chat(log, path));
  EXPECT_FALSE(export_chat(log, path)) << "a file that is there stays";
  std::remove(path.c_str());
}

}  // namespace
}  // namespace carat::cli
