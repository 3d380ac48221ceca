// Kept chats: libsqlite3's allocations fail as well as ours.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/bad_alloc.h"
#include "store/chat_store.h"
#include "torture.h"

namespace carat::torture {
namespace {

namespace fs = std::filesystem;
using store::ChatId;
using store::ChatStore;
using store::TurnId;

class StoreTorture : public ::testing::Test {
 protected:
  StoreTorture() {
    const bool memory = access("/dev/shm", W_OK | X_OK) == 0;
    std::string form = (memory ? "/dev/shm/" : ::testing::TempDir()) + "carat-torture-XXXXXX";
    dir_ = mkdtemp(form.data());
    environment_.xdg_data_home = dir_.string();
  }
  ~StoreTorture() override { fs::remove_all(dir_); }

  fs::path file(const char* suffix = "") const { return dir_ / "carat" / (std::string("chats.sqlite") + suffix); }
  static Result<std::string> all_of(const ChatStore& store) {
    std::string text;
    ASSIGN_OR_RETURN(const auto chats, store.list());
    for (const store::ChatInfo& chat : chats) {
      text += std::to_string(chat.id) + " " + chat.name + " " + chat.first_words + ":";
      ASSIGN_OR_RETURN(const auto turns, store.path(chat.id));
      for (const auto& turn : turns) text += " " + turn.turn.role + " " + turn.turn.content;
    }
    return text;
  }
  /// With a store of its own, after the torture's: nothing of it may be half done.
  std::string content() {
    const auto store = ChatStore::open(environment_);
    if (!store) return store.error().to_string();
    if (!store->notes().empty()) return store->notes()[0];
    const auto text = all_of(*store);
    return text ? *text : text.error().to_string();
  }

  fs::path dir_;
  store::Environment environment_;
};

TEST_F(StoreTorture, FromNothing) {
  const std::array<std::string, 3> files = {file().string(), file("-wal").string(), file("-shm").string()};
  torture({.name = "a new file",
           .run = [&]() -> Result<std::string> {
             for (const std::string& name : files) ::unlink(name.c_str());
             ASSIGN_OR_RETURN(ChatStore chats, ChatStore::open(environment_));
             return std::to_string(chats.notes().size());
           },
           .may_do_without = true});
}

TEST_F(StoreTorture, EveryCall) {
  const std::string longer(9000, 'x');
  const store::ChatTurn question{"user", longer, "", "{}"}, answer{"assistant", "answer", "thought", "{}"},
      another{"assistant", "another", "thought", "{}"};
  torture({.name = "all calls",
           .run = [&]() -> Result<std::string> {
             ASSIGN_OR_RETURN(ChatStore chats, ChatStore::open(environment_));
             ASSIGN_OR_RETURN(const ChatId chat, chats.create("m", "system", true));
             // Whatever fails below: this chat goes again, and then all must be as before.
             auto done = [&]() -> Result<std::string> {
               ASSIGN_OR_RETURN(const TurnId q, chats.append(chat, std::nullopt, question));
               RETURN_IF_ERROR(chats.append(chat, q, answer));
               RETURN_IF_ERROR(chats.append(chat, q, another));
               RETURN_IF_ERROR(chats.rename(chat, "a name of some length"));
               RETURN_IF_ERROR(chats.set_model(chat, "another model"));
               RETURN_IF_ERROR(chats.set_system(chat, longer));
               RETURN_IF_ERROR(chats.set_think(chat, false));
               ASSIGN_OR_RETURN(const auto siblings, chats.children(chat, q));
               ASSIGN_OR_RETURN(const auto found, chats.find("a name of some length"));
               ASSIGN_OR_RETURN(const auto latest, chats.latest());
               ASSIGN_OR_RETURN(const auto path, chats.path(chat));
               return no_bad_alloc([&]() -> Result<std::string> {
                 return std::to_string(siblings.size()) + found.model + latest->first_words + path[1].turn.content;
               });
             }();
             const auto removed = chats.remove(chat);
             if (!done) return std::move(done).error();
             if (!removed) return removed.error();
             return done;
           },
           .state =
               [&] {
                 // A chat that could not be removed for want of memory is removed now.
                 auto chats = ChatStore::open(environment_);
                 EXPECT_TRUE(chats) << chats.error().to_string();
                 for (bool more = chats.has_value(); more;) {
                   const auto list = chats->list();
                   more = list && !list->empty();
                   if (!more) break;
                   EXPECT_TRUE(chats->remove(list->front().id));
                 }
                 return content();
               },
           .may_do_without = true});
}

// One store that stays open: a turn that failed is not there, and the next one is.
TEST_F(StoreTorture, AStoreGoesOn) {
  auto chats = ChatStore::open(environment_);
  ASSERT_TRUE(chats);
  const ChatId chat = *chats->create("m", "", false);
  const TurnId question = *chats->append(chat, std::nullopt, {"user", "q"});
  std::int64_t n_said = 0;
  torture({.name = "an open store",  // SQLite's cache of pages and statements is its own affair
           .run = [&]() -> Result<std::string> {
             ASSIGN_OR_RETURN(const TurnId answer, chats->append(chat, question, {"assistant", "a"}));
             ++n_said;
             (void)answer;
             return std::string("said");
           },
           .state =
               [&] {
                 const auto answers = chats->children(chat, question);
                 EXPECT_TRUE(answers) << answers.error().to_string();
                 EXPECT_EQ(static_cast<std::int64_t>(answers->size()), n_said);
                 return std::string();
               },
           .may_do_without = true,
           .may_keep_memory = true});
}

TEST_F(StoreTorture, Salvage) {
  std::string good;
  {
    auto chats = ChatStore::open(environment_);
    ASSERT_TRUE(chats);
    const ChatId chat = *chats->create("m", "", false);
    std::optional<TurnId> last;
    for (int i = 0; i < 20; ++i) last = *chats->append(chat, last, {"user", std::string(500U * i, 'x')});
  }
  {
    std::ifstream in(file(), std::ios::binary);
    good.assign(std::istreambuf_iterator<char>(in), {});
  }
  good.replace(0, 6, "broken");
  const std::array<std::string, 4> files = {file().string(), file("-wal").string(), file("-shm").string(),
                                            file(".damaged-1").string()};
  torture({.name = "salvage",
           .run = [&]() -> Result<std::string> {
             for (const std::string& name : files) ::unlink(name.c_str());
             const int fd = ::open(files[0].c_str(), O_WRONLY | O_CREAT, 0600);
             EXPECT_EQ(::write(fd, good.data(), good.size()), static_cast<ssize_t>(good.size()));
             ::close(fd);
             ASSIGN_OR_RETURN(const ChatStore chats, ChatStore::open(environment_));
             ASSIGN_OR_RETURN(const auto path, chats.path(1));
             return std::to_string(path.size());
           },
           .may_do_without = true});
}

}  // namespace
}  // namespace carat::torture
