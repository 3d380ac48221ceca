#include "store/chat_salvage.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "store/chat_store.h"
#include "store/store_testing.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 4096, kFrame = kPage + 24, kLogHeader = 32;

class SalvageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = make_test_dir();
    ASSERT_FALSE(root_.empty());
    environment_.xdg_data_home = root_.string();
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path file(const std::string& suffix = "") const { return root_ / "carat" / ("chats.sqlite" + suffix); }

  std::string bytes(const std::string& suffix = "") const {
    std::ifstream in(file(suffix), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void set_bytes(const std::string& suffix, const std::string& bytes) const {
    std::ofstream(file(suffix), std::ios::binary | std::ios::trunc) << bytes;
  }

  /// What a process leaves that is killed: `work` with a store, and no destructors.
  void killed_after(const std::function<void(ChatStore&)>& work) {
    const pid_t child = fork();
    if (child == 0) {
      auto store = ChatStore::open(environment_);
      if (!store) _exit(1);
      work(*store);
      _exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }

  /// Chats of short and long turns, a named one and a branched one; the log moved into the file.
  void make_file(int n_turns = 40) {
    auto store = ChatStore::open(environment_);
    ASSERT_TRUE(store) << store.error().to_string();
    fill(*store, n_turns);
  }
  static void fill(ChatStore& store, int n_turns) {
    for (int c = 1; c <= 3; ++c) {
      const ChatId chat = *store.create("model " + std::to_string(c), "system", c == 2);
      ASSERT_TRUE(store.rename(chat, "chat " + std::to_string(c)));
      std::optional<TurnId> last;
      for (int i = 0; i < n_turns; ++i) {
        const std::size_t length = i % 7 == 3 ? 9000 : 20 + static_cast<std::size_t>(i);  // some go on in other pages
        const ChatTurn turn{i % 2 == 0 ? "user" : "assistant", content(c, i, length), "thought", "{}"};
        const auto id = store.append(chat, last, turn);
        ASSERT_TRUE(id) << id.error().to_string();
        last = *id;
      }
    }
  }
  static std::string content(int chat, int turn, std::size_t length) {
    return "turn " + std::to_string(chat) + "." + std::to_string(turn) + " " +
           std::string(length, static_cast<char>('a' + turn % 26));
  }

  /// Opens and expects that it works, with or without a note; all content that is there, by chat.
  std::map<ChatId, std::vector<std::string>> all(std::size_t n_notes, const std::string& where = {}) {
    std::map<ChatId, std::vector<std::string>> found;
    auto store = ChatStore::open(environment_);
    EXPECT_TRUE(store) << store.error().to_string();
    if (!store) return found;
    EXPECT_EQ(store->notes().size(), n_notes) << where << ": " << (store->notes().empty() ? "" : store->notes()[0]);
    if (!store->notes().empty()) note_ = store->notes()[0];
    for (const ChatInfo& chat : chats_of(*store)) {
      const auto turns = store->path(chat.id);
      EXPECT_TRUE(turns) << turns.error().to_string();
      for (const StoredTurn& turn : *turns) found[chat.id].push_back(turn.turn.content);
    }
    return found;
  }
  static std::vector<ChatInfo> chats_of(const ChatStore& store) {
    auto chats = store.list();
    EXPECT_TRUE(chats) << chats.error().to_string();
    return std::move(chats).value();
  }
  static std::size_t count(const std::map<ChatId, std::vector<std::string>>& found) {
    std::size_t n = 0;
    for (const auto& [chat, turns] : found) n += turns.size();
    return n;
  }

  void run_sql(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  fs::path root_;
  Environment environment_;
  std::string note_;
};

TEST_F(SalvageTest, AHeaderCostsNothing) {
  make_file();
  const std::string good = bytes();
  const auto before = all(0);
  ASSERT_EQ(count(before), 120U);
  int n = 0;
  for (const std::size_t length : {std::size_t{4}, std::size_t{100}, kPage}) {
    std::string bad = good;
    std::fill_n(bad.begin(), length, '\x5a');
    set_bytes("", bad);
    EXPECT_EQ(all(1), before) << length;
    const std::string kept = ".damaged-" + std::to_string(++n);
    EXPECT_EQ(bytes(kept), bad) << "kept as it was";
    EXPECT_EQ(note_, file().string() +
                         ": does not begin as an SQLite file does; 3 chats with 120 turns could be read "
                         "and are in a new file, the damaged one is kept as " +
                         file(kept).string());
    EXPECT_EQ(all(0), before) << "and then it is in order";
    struct stat info {};
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
  }
}

TEST_F(SalvageTest, EveryByteOfTheHeader) {
  make_file(3);
  const std::string good = bytes();
  const auto before = all(0);
  for (std::size_t at = 0; at < 100; ++at) {
    for (const char flip : {'\x01', '\xff'}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      set_bytes("", bad);
      for (const char* log : {"-wal", "-shm"}) fs::remove(file(log));
      auto store = ChatStore::open(environment_);
      if (!store && at >= 60 && at < 64) continue;  // a newer version's file, for all one can tell
      ASSERT_TRUE(store) << at << ": " << store.error().to_string();
      EXPECT_EQ(count(before), 9U);
      const auto turns = store->path(1);
      ASSERT_TRUE(turns) << at << ": " << turns.error().to_string();
      EXPECT_EQ(turns->size(), 3U) << at;
    }
  }
}

TEST_F(SalvageTest, APageCostsItsTurns) {
  make_file();
  const std::string good = bytes();
  const auto before = all(0);
  const std::size_t n_pages = good.size() / kPage;
  ASSERT_GT(n_pages, 20U);
  std::size_t n_lost_most = 0;
  for (std::size_t page = 0; page < n_pages; ++page) {
    std::string bad = good;
    std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(page * kPage), kPage, '\xee');
    set_bytes("", bad);
    auto store = ChatStore::open(environment_);
    ASSERT_TRUE(store) << store.error().to_string();
    std::size_t n = 0;
    for (const ChatInfo& chat : chats_of(*store)) {
      const auto turns = store->path(chat.id);
      ASSERT_TRUE(turns) << turns.error().to_string();
      n += turns->size();
      for (const StoredTurn& turn : *turns) {
        const auto& old = before.at(chat.id);
        const bool same = std::find(old.begin(), old.end(), turn.turn.content) != old.end();
        // A long text goes on in pages without any marks: there the damage is in the text.
        const bool damaged = turn.turn.content.find("\xEF\xBF\xBD") != std::string::npos;
        EXPECT_TRUE(same || damaged) << page;
      }
    }
    n_lost_most = std::max(n_lost_most, 120 - n);
  }
  EXPECT_LE(n_lost_most, 45U) << "the turns of one leaf";
}

TEST_F(SalvageTest, ATruncatedFileKeepsItsBeginning) {
  make_file();
  const std::string good = bytes();
  std::size_t last = 0;
  for (std::size_t n_pages = 0; n_pages * kPage < good.size(); n_pages += 3) {
    set_bytes("", good.substr(0, n_pages * kPage + (n_pages % 2 == 0 ? 0 : 77)));
    const std::size_t n = count(all(n_pages == 0 ? 0 : 1, std::to_string(n_pages)));
    EXPECT_GE(n + 2, last) << "more of the file, more of its turns";
    last = n;
  }
  EXPECT_GT(last, 90U);
}

TEST_F(SalvageTest, ALogOfAKilledProcessIsRead) {
  killed_after([](ChatStore& store) { fill(store, 10); });
  ASSERT_FALSE(bytes("-wal").empty());
  EXPECT_EQ(count(all(0)), 30U);
}

// SQLite ends reading a log where a checksum is wrong, without a word: later commits would be gone.
TEST_F(SalvageTest, ADamagedLogLosesOnlyWhatIsDamaged) {
  killed_after([](ChatStore& store) { fill(store, 4); });
  const std::string good = bytes(), log = bytes("-wal");
  const std::size_t n_frames = (log.size() - kLogHeader) / kFrame;
  ASSERT_GT(n_frames, 20U);
  for (std::size_t frame = 0; frame < n_frames; ++frame) {
    for (const std::size_t at : {std::size_t{2}, std::size_t{9}, std::size_t{17}, std::size_t{24 + 4090}}) {
      set_bytes("", good);
      std::string bad = log;
      bad[kLogHeader + frame * kFrame + at] = static_cast<char>(bad[kLogHeader + frame * kFrame + at] ^ 0x10);
      set_bytes("-wal", bad);
      fs::remove(file("-shm"));
      auto store = ChatStore::open(environment_);
      ASSERT_TRUE(store) << store.error().to_string();
      std::size_t n = 0;
      for (const ChatInfo& chat : chats_of(*store)) n += store->path(chat.id)->size();
      EXPECT_GE(n, 11U) << "frame " << frame << " of " << n_frames << ", byte " << at;
    }
  }
  for (const std::size_t at : {0U, 9U, 17U, 25U}) {
    set_bytes("", good);
    std::string bad = log;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    set_bytes("-wal", bad);
    fs::remove(file("-shm"));
    EXPECT_EQ(count(all(1)), 12U) << "header byte " << at;
  }
}

TEST_F(SalvageTest, NoDamageIsSeenInWhatAKillLeaves) {
  killed_after([](ChatStore& store) { fill(store, 4); });
  const std::string good = bytes(), log = bytes("-wal");
  for (std::size_t cut = log.size(); cut > 0; cut -= std::min<std::size_t>(cut, 1777)) {
    set_bytes("", good);
    set_bytes("-wal", log.substr(0, cut));
    fs::remove(file("-shm"));
    auto store = ChatStore::open(environment_);
    ASSERT_TRUE(store) << store.error().to_string();
    EXPECT_TRUE(store->notes().empty()) << store->notes()[0];
  }
}

TEST_F(SalvageTest, AnEmptyFileWithALog) {
  killed_after([](ChatStore& store) { fill(store, 4); });
  set_bytes("", "");
  EXPECT_EQ(count(all(1)), 12U);
}

TEST_F(SalvageTest, SomethingElseOfThatName) {
  fs::create_directories(root_ / "carat");
  set_bytes("", "Dear diary, " + std::string(10'000, 'x'));
  EXPECT_EQ(count(all(1)), 0U);
  EXPECT_EQ(bytes(".damaged-1").substr(0, 10), "Dear diary");
  fs::remove_all(root_ / "carat");
  fs::create_directories(file());
  const auto store = ChatStore::open(environment_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::kInvalidArgument) << store.error().to_string();
}

TEST_F(SalvageTest, WhatAFileBringsAlongNeverRuns) {
  const std::vector<std::string> plants = {
      "CREATE TRIGGER t AFTER INSERT ON turns BEGIN DELETE FROM chats; END",
      "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT * FROM c",
      "CREATE TABLE more (x)",
      "CREATE INDEX i ON turns (abs(depth))",
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE VIEW turns AS SELECT 1' WHERE name = "
      "'turns'",
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '') WHERE name = 'turns'",
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'turns'",
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'turns'",
      "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'turns_by_parent'",
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '(((((((' WHERE name = 'chats'",
      "DROP INDEX turns_of_chat",
  };
  for (const std::string& plant : plants) {
    fs::remove_all(root_ / "carat");
    make_file(5);
    run_sql(plant);
    EXPECT_EQ(count(all(1)), 15U) << plant;
    EXPECT_EQ(count(all(0)), 15U) << plant;
  }
}

TEST_F(SalvageTest, TurnsThatDoNotFitTogether) {
  const std::string loose = "PRAGMA ignore_check_constraints = ON; ";
  const std::vector<std::string> changes = {
      loose + "UPDATE turns SET parent = id",                           // its own ancestor
      loose + "UPDATE turns SET parent = (SELECT max(id) FROM turns)",  // all go round
      "UPDATE turns SET parent = 1 WHERE chat = 2",                     // in another chat
      "UPDATE turns SET depth = 77",
      "UPDATE chats SET head = 1",
      "UPDATE chats SET head = 1000",
      "UPDATE turns SET chat = 9 WHERE chat = 2",
      "DELETE FROM turns WHERE id = 3",
      loose + "UPDATE turns SET depth = -9223372036854775807",
      "DELETE FROM chats",
      "UPDATE turns SET parent = 9223372036854775807",
  };
  for (const std::string& change : changes) {
    fs::remove_all(root_ / "carat");
    make_file(5);
    run_sql((change.find("9223372036854775807") != std::string::npos && change.find("parent") != std::string::npos
                 ? loose
                 : std::string()) +
            change);
    (void)all(1);
    auto store = ChatStore::open(environment_);
    ASSERT_TRUE(store);
    std::size_t n = 0;
    std::function<void(ChatId, std::optional<TurnId>)> walk = [&](ChatId chat, std::optional<TurnId> parent) {
      const auto turns = store->children(chat, parent);
      ASSERT_TRUE(turns);
      for (const StoredTurn& turn : *turns) {
        ++n;
        walk(chat, turn.id);
      }
    };
    for (const ChatInfo& chat : chats_of(*store)) walk(chat.id, std::nullopt);
    EXPECT_EQ(n, change.starts_with("DELETE FROM turns") ? 14U : 15U) << change << ": every turn is reached";
  }
}

TEST_F(SalvageTest, ValuesOfAnyType) {
  make_file(5);
  // Without STRICT, a file may hold anything anywhere.
  run_sql("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '')");
  run_sql(
      "PRAGMA ignore_check_constraints = ON; UPDATE turns SET content = x'00ff' WHERE id = 2;"
      "UPDATE turns SET content = 1.5 WHERE id = 3; UPDATE turns SET role = 'system' WHERE id = 4;"
      "UPDATE turns SET content = CAST(x'ff41' AS TEXT) WHERE id = 5; UPDATE turns SET created_ms = 'soon' WHERE id = "
      "6");
  run_sql(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE type = 'table' AND "
      "name IN ('turns', 'chats')");
  const auto found = all(1);
  EXPECT_EQ(count(found), 12U) << "all but the three that are no turns";
  EXPECT_EQ(found.at(1).back(),
            "\xEF\xBF\xBD"
            "A");
}

TEST_F(SalvageTest, AnotherOneHasItOpen) {
  make_file(5);
  auto open = ChatStore::open(environment_);
  ASSERT_TRUE(open);
  run_sql("CREATE TABLE more (x)");
  const auto second = ChatStore::open(environment_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(second.error().to_string().find("another carat has it open; close that one"), std::string::npos)
      << second.error().to_string();
  EXPECT_FALSE(fs::exists(file(".damaged-1")));
}

// A process can die between any two steps of the replacement; the next one goes on from there.
TEST_F(SalvageTest, AnInterruptedReplacementIsFinished) {
  for (int steps = 0; steps <= 3; ++steps) {
    fs::remove_all(root_ / "carat");
    killed_after([](ChatStore& store) { fill(store, 4); });
    std::string bad = bytes();
    bad.replace(0, 4, "SQL?");
    set_bytes("", bad);
    const std::string log = bytes("-wal");
    const auto salvaged = salvage(file());
    ASSERT_TRUE(salvaged) << salvaged.error().to_string();
    EXPECT_EQ(salvaged->n_turns, 12);
    if (steps >= 1) fs::rename(file("-wal"), file(".damaged-1-wal"));
    if (steps >= 2) fs::remove(file("-shm"));
    if (steps >= 3) fs::rename(file(), file(".damaged-1"));
    EXPECT_EQ(count(all(1)), 12U) << steps;
    EXPECT_EQ(bytes(".damaged-1"), bad) << steps;
    EXPECT_EQ(bytes(".damaged-1-wal"), log) << steps;
    EXPECT_EQ(count(all(0)), 12U) << steps;
  }
}

TEST_F(SalvageTest, RandomDamageNeverStopsIt) {
  killed_after([](ChatStore& store) { fill(store, 12); });
  const std::string good = bytes(), log = bytes("-wal");
  {
    auto store = ChatStore::open(environment_);  // moves the log into the file
    ASSERT_TRUE(store);
  }
  const std::string whole = bytes();
  for (unsigned seed = 0; seed < 150; ++seed) {
    fs::remove_all(root_ / "carat");
    fs::create_directories(root_ / "carat");
    std::mt19937 random(seed);
    const bool with_log = seed % 2 == 0;
    std::string a = with_log ? good : whole, b = log;
    for (unsigned i = 0; i <= seed % 20; ++i) {
      std::string& target = with_log && random() % 4 != 0 ? b : a;
      target[random() % target.size()] = static_cast<char>(random());
    }
    set_bytes("", a);
    if (with_log) set_bytes("-wal", b);
    auto store = ChatStore::open(environment_);
    if (!store) {
      EXPECT_TRUE(store.error().code() == ErrorCode::kUnsupported ||
                  store.error().code() == ErrorCode::kInvalidArgument)
          << seed << ": " << store.error().to_string();
      continue;
    }
    for (const ChatInfo& chat : chats_of(*store)) ASSERT_TRUE(store->path(chat.id)) << seed;
    const auto chat = store->create("m", "", false);
    ASSERT_TRUE(chat) << seed;
    EXPECT_TRUE(store->append(*chat, std::nullopt, {"user", "goes on"})) << seed;
  }
}

}  // namespace
}  // namespace carat::store
