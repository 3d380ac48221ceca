#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

/// What to do with a chats.sqlite that is damaged: every chat and turn that can be read goes into a new file, and the
/// damaged one is kept aside. REQUIRES of all: the exclusive lock of the folder (store/dir_lock.h), nobody has it open.
namespace carat::store {

struct Salvaged {
  std::int64_t n_chats = 0;
  std::int64_t n_turns = 0;
  std::int64_t max_turn = 0;  ///< largest id of a turn; 0 without turns
};

/// Writes chats.sqlite.salvaged beside `path`: from the moment it has that name, it is to replace `path`.
/// Errors: kIo, a full disk say; then nothing has changed.
Result<Salvaged> salvage(const std::filesystem::path& path);

/// Replaces `path` by chats.sqlite.salvaged, if that is there: also when a process died between the two. Returns the
/// name under which the damaged file is kept. A death at any moment leaves it to be called again.
Result<std::optional<std::filesystem::path>> finish_salvage(const std::filesystem::path& path);

/// Removes chats.sqlite.salvaged again: it was not needed.
void drop_salvaged(const std::filesystem::path& path);

}  // namespace carat::store
