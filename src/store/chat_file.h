#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/dir_lock.h"
#include "store/sqlite.h"

namespace carat::store {

/// chats.sqlite, open and found in order.
struct ChatFile {
  DirLock lock;  ///< shared: while it is held, nobody replaces the file
  sqlite::Database database;
  std::vector<std::string> notes;  ///< what the user should be told, a sentence each
};

/// Opens `dir`/chats.sqlite, made (mode 0600) when it is not there. Who comes first, while nobody else has it open,
/// looks it over: a damaged one is replaced by a new one with every chat and turn that could be read, and kept aside as
/// chats.sqlite.damaged-N. Errors: as ChatStore::open.
Result<ChatFile> open_chat_file(const std::filesystem::path& dir);

}  // namespace carat::store
