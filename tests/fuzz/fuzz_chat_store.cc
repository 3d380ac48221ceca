// The database of kept chats with bytes changed, cut, or replaced, its log too: opened and used, it gives an error in a
// sentence or keeps what it is told; never a crash. The first byte even: changes to a good file; odd: the file itself.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "fuzz/choices.h"
#include "fuzz/scratch_file.h"
#include "fuzz/target.h"
#include "store/chat_store.h"

namespace carat::fuzz {
namespace {

namespace fs = std::filesystem;
using store::ChatId;
using store::ChatStore;
using store::ChatTurn;
using store::TurnId;

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void fill(ChatStore& chats) {
  const ChatId first = chats.create("gemma", "be kind", false).value();
  const TurnId question = chats.append(first, std::nullopt, {"user", "Why is the sky blue?", "", "{}"}).value();
  (void)chats.append(first, question, {"assistant", std::string(5000, 'a'), "hm", "{\"n\":1}"}).value();
  (void)chats.append(first, question, {"assistant", "Because of light.", "", ""}).value();
  CARAT_CHECK(chats.rename(first, "sky"));
  const ChatId second = chats.create("gemma", "", true).value();
  (void)chats.append(second, std::nullopt, {"user", "caf\xC3\xA9", "", ""}).value();
}

// A database as the store makes it, and its write-ahead log as it is while it is open.
struct Good {
  std::string file, log;
};
Good make_good() {
  const ScratchFolder folder;
  store::Environment environment;
  environment.xdg_data_home = folder.path();
  const fs::path path = folder.path() / "carat/chats.sqlite";
  Good good;
  {
    auto chats = ChatStore::open(environment).value();
    fill(chats);
    good.log = contents(path.string() + "-wal");
  }
  good.file = contents(path);
  return good;
}

void change(Choices& choose, std::string& bytes) {
  for (std::uint32_t n = choose.below(12); n > 0 && bytes.size() > 16; --n) {
    const std::size_t page = choose.below(static_cast<std::uint32_t>(bytes.size() / 4096 + 1)) * 4096;
    const std::size_t at = page + (choose.one_in(2) ? choose.below(112) : choose.below(4096));
    const std::size_t width = std::size_t{1} << choose.below(4);
    std::uint64_t value = choose.number();
    if (choose.one_in(2)) value = __builtin_bswap64(value) >> (64 - 8 * width);  // SQLite's numbers are big endian
    if (at + width <= bytes.size()) std::memcpy(bytes.data() + at, &value, width);
  }
  if (choose.one_in(8)) bytes.resize(std::min<std::size_t>(bytes.size(), choose.below(65536)));
}

template <typename T>
bool worked(const Result<T>& result) {
  if (!result) check_refusal(result.error(), 4000);
  return result.has_value();
}

void use(ChatStore& chats) {
  for (const std::string& note : chats.notes()) CARAT_CHECK(is_valid_utf8(note));
  const auto list = chats.list();
  if (worked(list)) {
    for (const store::ChatInfo& chat : *list) {
      CARAT_CHECK(is_valid_utf8(chat.name) && is_valid_utf8(chat.first_words));
      if (const auto path = chats.path(chat.id); worked(path)) {
        for (const store::StoredTurn& turn : *path) (void)worked(chats.children(chat.id, turn.id));
      }
    }
  }
  (void)worked(chats.latest());
  (void)worked(chats.find("sky"));
  const auto chat = chats.create("gemma", "system", false);
  if (!worked(chat)) return;
  const ChatTurn turn = {"user", "kept?", "", ""};
  const auto id = chats.append(*chat, std::nullopt, turn);
  if (!worked(id)) return;
  const auto path = chats.path(*chat);
  if (!worked(path)) return;
  CARAT_CHECK(path->size() == 1 && path->front().id == *id && path->front().turn.content == turn.content);
  (void)worked(chats.rename(*chat, "new name"));
  (void)worked(chats.remove(1));
  (void)worked(chats.list());
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  static const Good good = make_good();
  static const ScratchFolder folder;
  carat::store::Environment environment;
  environment.xdg_data_home = folder.path();
  const auto home = folder.path() / "carat";
  std::filesystem::remove_all(home);
  std::filesystem::create_directory(home);

  Choices choose(data, size);
  const std::uint8_t kind = choose.byte();
  std::string file = good.file, log = good.log;
  if (kind % 2 == 1) {
    const auto rest = choose.rest();
    file.assign(as_text(rest.data(), rest.size()));
  } else {
    change(choose, file);
    if (kind % 4 == 2) change(choose, log);
  }
  folder.put("carat/chats.sqlite", file);
  if (kind % 4 >= 2) folder.put("carat/chats.sqlite-wal", log);
  auto chats = carat::store::ChatStore::open(environment);
  if (!chats) {
    check_refusal(chats.error(), 4000);
    return 0;
  }
  use(*chats);
  return 0;
}
