#include "store/chat_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "store/store_testing.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;

class ChatStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = make_test_dir();
    ASSERT_FALSE(root_.empty());
    environment_.xdg_data_home = root_.string();
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path file() const { return root_ / "carat" / "chats.sqlite"; }

  ChatStore open() {
    auto store = ChatStore::open(environment_);
    EXPECT_TRUE(store.has_value()) << store.error().to_string();
    return std::move(store).value();
  }
  Error refusal() {
    const auto store = ChatStore::open(environment_);
    EXPECT_FALSE(store.has_value());
    return store.has_value() ? internal_error("opened") : store.error();
  }

  /// As another program would change the file.
  void run_sql(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  fs::path root_;
  Environment environment_;
};

std::vector<std::string> contents(const Result<std::vector<StoredTurn>>& turns) {
  EXPECT_TRUE(turns.has_value()) << turns.error().to_string();
  std::vector<std::string> all;
  for (const StoredTurn& stored : *turns) all.push_back(stored.turn.content);
  return all;
}

using Texts = std::vector<std::string>;

TEST_F(ChatStoreTest, KeepsWhatWasSaid) {
  ChatId chat = 0;
  const ChatTurn answer{"assistant", std::string("Because\0of", 10) + "\n```", "Hm. 散乱", R"({"n_tokens": 3})"};
  {
    ChatStore chats = open();
    EXPECT_TRUE(chats.notes().empty());
    chat = *chats.create("gemma", "Be brief.", true);
    const TurnId question = *chats.append(chat, std::nullopt, {"user", "  Why\n is the sky\tblue?  "});
    ASSERT_TRUE(chats.append(chat, question, answer));
  }
  const ChatStore chats = open();
  const auto turns = chats.path(chat);
  ASSERT_EQ(contents(turns), (Texts{"  Why\n is the sky\tblue?  ", answer.content}));
  EXPECT_EQ((*turns)[1].turn.role, "assistant");
  EXPECT_EQ((*turns)[1].turn.thinking, answer.thinking);
  EXPECT_EQ((*turns)[1].turn.details, answer.details);
  EXPECT_EQ((*turns)[1].parent, (*turns)[0].id);
  EXPECT_GT((*turns)[1].created_ms, 1'700'000'000'000);

  const auto list = chats.list();
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 1U);
  const ChatInfo info = (*list)[0];
  EXPECT_EQ(info.id, chat);
  EXPECT_EQ(info.name, "");
  EXPECT_EQ(info.model, "gemma");
  EXPECT_EQ(info.system, "Be brief.");
  EXPECT_TRUE(info.think);
  EXPECT_EQ(info.n_turns, 2);
  EXPECT_EQ(info.head, (*turns)[1].id);
  EXPECT_EQ(info.first_words, "Why is the sky blue?");
}

TEST_F(ChatStoreTest, IsPrivate) {
  const mode_t before = umask(0);
  ChatStore chats = open();
  ASSERT_TRUE(chats.create("m", "", false));
  umask(before);
  for (const char* name : {"carat", "carat/chats.sqlite", "carat/chats.sqlite-wal", "carat/chats.sqlite-shm"}) {
    struct stat info {};
    ASSERT_EQ(::stat((root_ / name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0077, 0U) << name;
  }
}

TEST_F(ChatStoreTest, RetryAndEditAreSiblings) {
  ChatStore chats = open();
  const ChatId chat = *chats.create("m", "", false);
  const TurnId q1 = *chats.append(chat, std::nullopt, {"user", "q1"});
  ASSERT_TRUE(chats.append(chat, q1, {"assistant", "a1"}));
  ASSERT_TRUE(chats.append(chat, q1, {"assistant", "a1 again"}));
  EXPECT_EQ(contents(chats.path(chat)), (Texts{"q1", "a1 again"}));
  EXPECT_EQ(contents(chats.children(chat, q1)), (Texts{"a1", "a1 again"}));
  ASSERT_TRUE(chats.append(chat, std::nullopt, {"user", "q1 edited"}));
  EXPECT_EQ(contents(chats.path(chat)), (Texts{"q1 edited"}));
  EXPECT_EQ(contents(chats.children(chat, std::nullopt)), (Texts{"q1", "q1 edited"}));
  ASSERT_TRUE(chats.append(chat, q1, {"assistant", "a1 once more"}));
  EXPECT_EQ(contents(chats.path(chat)), (Texts{"q1", "a1 once more"})) << "the head moves back";
  EXPECT_EQ(chats.info(chat)->n_turns, 2);
}

TEST_F(ChatStoreTest, RefusesWhatIsNotThere) {
  ChatStore chats = open();
  const ChatId one = *chats.create("m", "", false), two = *chats.create("m", "", false);
  const TurnId turn = *chats.append(one, std::nullopt, {"user", "q"});
  EXPECT_EQ(chats.append(two, turn, {"user", "q"}).error().code(), ErrorCode::kNotFound) << "a turn of another chat";
  EXPECT_EQ(chats.append(77, std::nullopt, {"user", "q"}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(chats.append(one, turn, {"system", "q"}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(chats.path(77).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(chats.children(77, std::nullopt).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(chats.set_model(77, "m").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(chats.remove(77).error().code(), ErrorCode::kNotFound);
  const auto big = chats.append(one, turn, {"user", std::string(ChatStore::kMaxTextBytes + 1, 'x')});
  EXPECT_EQ(big.error().code(), ErrorCode::kLimit);
  EXPECT_EQ(contents(chats.path(one)), Texts{"q"}) << "none of it changed anything";
  const std::string most(ChatStore::kMaxTextBytes, 'x');
  ASSERT_TRUE(chats.append(one, turn, {"user", most, most, most}));
  EXPECT_EQ(contents(chats.path(one)), (Texts{"q", most}));
}

TEST_F(ChatStoreTest, NamesAreUnique) {
  ChatStore chats = open();
  const ChatId one = *chats.create("m", "", false), two = *chats.create("m", "", false);
  ASSERT_TRUE(chats.rename(one, "  sky colours "));
  ASSERT_TRUE(chats.rename(one, "sky colours")) << "its own name";
  EXPECT_EQ(chats.find("sky colours")->id, one);
  EXPECT_EQ(chats.find(std::to_string(two))->id, two);
  const auto taken = chats.rename(two, "sky colours");
  EXPECT_EQ(taken.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(taken.error().message(),
            "sky colours: chat 1 has this name; choose another one, or remove that chat (carat chat --rm 1)");
  for (const std::string& bad : {std::string(), std::string("  "), std::string("12"), std::string("a\nb"),
                                 std::string("\xff"), std::string(101, 'x')}) {
    EXPECT_EQ(chats.rename(two, bad).error().code(), ErrorCode::kInvalidArgument) << bad;
  }
  const auto typo = chats.find("sky colors");
  EXPECT_EQ(typo.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(typo.error().message(), "there is no chat named sky colors; did you mean sky colours?");
  EXPECT_EQ(chats.find("99999999999999999999").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(chats.find("").error().code(), ErrorCode::kNotFound);
}

TEST_F(ChatStoreTest, LatestIsTheOneLastTalkedIn) {
  ChatStore chats = open();
  EXPECT_FALSE(chats.latest()->has_value());
  const ChatId one = *chats.create("m", "", false);
  const TurnId turn = *chats.append(one, std::nullopt, {"user", "q"});
  const ChatId two = *chats.create("m", "", false);
  EXPECT_EQ(chats.latest()->value().id, one) << "a chat without turns is none to go on with";
  ASSERT_TRUE(chats.append(two, std::nullopt, {"user", "q"}));
  EXPECT_EQ(chats.latest()->value().id, two);
  ASSERT_TRUE(chats.append(one, turn, {"assistant", "a"}));
  EXPECT_EQ(chats.latest()->value().id, one);
  EXPECT_EQ(chats.list()->front().id, one);
}

TEST_F(ChatStoreTest, SettingsChange) {
  ChatStore chats = open();
  const ChatId chat = *chats.create("m", "s", false);
  ASSERT_TRUE(chats.set_model(chat, "n"));
  ASSERT_TRUE(chats.set_system(chat, ""));
  ASSERT_TRUE(chats.set_think(chat, true));
  EXPECT_EQ(chats.info(chat)->model, "n");
  EXPECT_EQ(chats.info(chat)->system, "");
  EXPECT_TRUE(chats.info(chat)->think);
}

TEST_F(ChatStoreTest, WhatIsRemovedIsOverwritten) {
  ChatStore chats = open();
  const ChatId keep = *chats.create("m", "", false), go = *chats.create("m", "", false);
  ASSERT_TRUE(chats.append(keep, std::nullopt, {"user", "KEEPCANARY"}));
  std::optional<TurnId> last;
  for (int i = 0; i < 50; ++i) last = *chats.append(go, last, {"user", "GOCANARY" + std::string(1000, 'x')});
  ASSERT_TRUE(chats.remove(go));
  EXPECT_EQ(chats.path(go).error().code(), ErrorCode::kNotFound);
  std::string bytes;
  for (const auto& entry : fs::directory_iterator(root_ / "carat")) {
    std::ifstream in(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(in), {});
  }
  EXPECT_NE(bytes.find("KEEPCANARY"), std::string::npos);
  EXPECT_EQ(bytes.find("GOCANARY"), std::string::npos);
  EXPECT_GT(*chats.create("m", "", false), go) << "an id is never given twice";
}

TEST_F(ChatStoreTest, ALongChatIsReadAndRemoved) {
  ChatStore chats = open();
  const ChatId chat = *chats.create("m", "", false);
  std::optional<TurnId> last;
  for (int i = 0; i < 1100; ++i) last = *chats.append(chat, last, {"user", std::to_string(i)});
  EXPECT_EQ(chats.path(chat)->size(), 1100U);
  EXPECT_EQ(chats.info(chat)->n_turns, 1100);
  EXPECT_TRUE(chats.remove(chat)) << "no recursion over the chain of parents";
}

TEST_F(ChatStoreTest, TwoStoresAtOnce) {
  ChatStore a = open(), b = open();
  const ChatId chat = *a.create("m", "", false);
  const TurnId q = *b.append(chat, std::nullopt, {"user", "q"});
  ASSERT_TRUE(a.append(chat, q, {"assistant", "of a"}));
  ASSERT_TRUE(b.append(chat, q, {"assistant", "of b"}));
  EXPECT_EQ(contents(a.children(chat, q)), (Texts{"of a", "of b"}));
}

TEST_F(ChatStoreTest, WaitsForAnotherProgramButNotForever) {
  ChatStore chats = open();
  const ChatId chat = *chats.create("m", "", false);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = chats.append(chat, std::nullopt, {"user", "q"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), file().string() +
                                           ": another program has been using it for 5 seconds; try again "
                                           "when it is done");
  EXPECT_EQ(contents(chats.path(chat)), Texts{}) << "reading needs no lock";
  std::thread soon([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr);
  });
  EXPECT_TRUE(chats.append(chat, std::nullopt, {"user", "q"}));
  soon.join();
  sqlite3_close(other);
}

TEST_F(ChatStoreTest, RefusesANewerVersionUntouched) {
  { ASSERT_TRUE(open().create("m", "", false)); }
  run_sql("PRAGMA user_version = 2");
  const Error error = refusal();
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_NE(error.message().find("a newer carat made it (version 2 of its tables, this one reads 1)"),
            std::string::npos)
      << error.message();
}

TEST_F(ChatStoreTest, RefusesAnotherProgramsDatabase) {
  fs::create_directories(root_ / "carat");
  run_sql("CREATE TABLE notes (text TEXT)");
  EXPECT_EQ(refusal().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace carat::store
