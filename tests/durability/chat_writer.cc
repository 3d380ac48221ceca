// Writes and reads kept chats, for tests that kill it or take its disk away (README.md).
//
//   chat_writer write SEED     one change after another until it is killed; says "ok ..." after each one that returned
//   chat_writer add N          adds N turns to a chat of its own; says "ok ..." or "error ..." for each, waits for a
//   line
//                              of stdin before each
//   chat_writer read           everything that is there
//
// The data directory is XDG_DATA_HOME's. A line is written at once, by one write(2).

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "store/chat_store.h"

namespace {

using carat::Result;
using carat::store::ChatId;
using carat::store::ChatInfo;
using carat::store::ChatStore;
using carat::store::ChatTurn;
using carat::store::StoredTurn;
using carat::store::TurnId;

void say(std::string line) {
  line += '\n';
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(3);
}

std::string hash_of(const ChatTurn& turn) {
  return std::to_string(carat::hash64(turn.role + '\n' + turn.content + '\n' + turn.thinking + '\n' + turn.details));
}

std::string line_of(ChatId chat, const StoredTurn& stored) {
  return "turn " + std::to_string(stored.id) + " " + std::to_string(chat) + " " +
         std::to_string(stored.parent.value_or(0)) + " " + hash_of(stored.turn);
}

ChatTurn random_turn(std::mt19937& random) {
  // Mostly short, some of several pages, a few of hundreds.
  const unsigned kind = random() % 20;
  const std::size_t length = kind == 0 ? random() % 400'000 : kind < 5 ? random() % 20'000 : random() % 300;
  ChatTurn turn;
  turn.role = random() % 2 == 0 ? "user" : "assistant";
  for (std::size_t i = 0; i < length; ++i) turn.content += static_cast<char>(' ' + random() % 95);
  turn.details = "{\"n\": " + std::to_string(random()) + "}";
  return turn;
}

/// A change at random; what is said once it has returned.
Result<std::string> change(ChatStore& store, std::mt19937& random) {
  ASSIGN_OR_RETURN(const std::vector<ChatInfo> chats, store.list());
  if (chats.empty() || random() % 12 == 0) {
    ASSIGN_OR_RETURN(const ChatId id, store.create("model", "system", false));
    return "chat " + std::to_string(id);
  }
  const ChatInfo& chat = chats[random() % chats.size()];
  const std::string id = std::to_string(chat.id);
  if (random() % 40 == 0 && chats.size() > 4) {
    RETURN_IF_ERROR(store.remove(chat.id));
    return "removed " + id;
  }
  if (random() % 20 == 0) {
    const std::string name = "chat " + id + "/" + std::to_string(random());
    RETURN_IF_ERROR(store.rename(chat.id, name));
    return "named " + id + " " + name;
  }
  std::optional<TurnId> parent = chat.head;
  if (parent && random() % 8 == 0) {  // another answer: a sibling of the head
    ASSIGN_OR_RETURN(const std::vector<StoredTurn> path, store.path(chat.id));
    parent = path.back().parent;
  }
  const ChatTurn turn = random_turn(random);
  ASSIGN_OR_RETURN(const TurnId added, store.append(chat.id, parent, turn));
  return line_of(chat.id, {added, parent, turn, 0});
}

Result<void> write_on(ChatStore& store, unsigned seed) {
  std::mt19937 random(seed);
  for (;;) {
    auto done = change(store, random);
    if (done) {
      say("ok " + *done);
    } else if (done.error().code() != carat::ErrorCode::kNotFound) {  // another writer may have removed the chat
      return done.error();
    }
  }
}

Result<void> add(ChatStore& store, int n) {
  ASSIGN_OR_RETURN(const ChatId chat, store.create("model", "", false));
  std::mt19937 random(1);
  std::optional<TurnId> last;
  std::string line;
  for (int i = 0; i < n && std::getline(std::cin, line); ++i) {
    ChatTurn turn = random_turn(random);
    turn.content.resize(20'000, 'x');
    const auto added = store.append(chat, last, turn);
    if (added) last = *added;
    say(added ? "ok " + line_of(chat, {*added, std::nullopt, turn, 0}) : "error " + added.error().to_string());
  }
  return {};
}

Result<void> read_children(const ChatStore& store, ChatId chat) {
  std::vector<std::optional<TurnId>> parents = {std::nullopt};
  while (!parents.empty()) {
    const std::optional<TurnId> parent = parents.back();
    parents.pop_back();
    ASSIGN_OR_RETURN(const std::vector<StoredTurn> turns, store.children(chat, parent));
    for (const StoredTurn& turn : turns) {
      say(line_of(chat, turn));
      parents.push_back(turn.id);
    }
  }
  return {};
}

Result<void> read(const ChatStore& store) {
  ASSIGN_OR_RETURN(const std::vector<ChatInfo> chats, store.list());
  for (const ChatInfo& chat : chats) {
    say("chat " + std::to_string(chat.id));
    if (!chat.name.empty()) say("named " + std::to_string(chat.id) + " " + chat.name);
    RETURN_IF_ERROR(read_children(store, chat.id));
    ASSIGN_OR_RETURN(const std::vector<StoredTurn> path, store.path(chat.id));
    if (static_cast<std::int64_t>(path.size()) != chat.n_turns) {
      return carat::internal_error("chat " + std::to_string(chat.id) + ": its path has another length");
    }
  }
  return {};
}

Result<void> run(std::string_view what, const char* argument) {
  ASSIGN_OR_RETURN(ChatStore store, ChatStore::open(carat::store::Environment::of_process()));
  for (const std::string& note : store.notes()) say("note " + note);
  if (what == "write") return write_on(store, static_cast<unsigned>(std::atoi(argument)));
  if (what == "add") return add(store, std::atoi(argument));
  if (what == "read") return read(store);
  return carat::invalid_argument("write SEED, add N or read");
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // as carat does
  const auto done = run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "0");
  if (done) return 0;
  say("error " + done.error().to_string());
  return done.error().code() == carat::ErrorCode::kIo ? 6 : 1;
}
