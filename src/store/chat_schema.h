#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/sqlite.h"

/// The tables of chats.sqlite: docs/formats/chats.md.
namespace carat::store {

/// The version that this program reads and writes (PRAGMA user_version). A change of a table is a new number, and a
/// step here that brings older files to it.
inline constexpr std::int64_t kChatSchemaVersion = 1;

/// Says that a file is carat's (PRAGMA application_id): "crtC". Do not change.
inline constexpr std::int64_t kChatApplicationId = 0x63727443;

/// Makes the tables in a file that has none; leaves one alone that has them. Safe when several processes do it at once.
/// Errors: kUnsupported when a newer carat made the file; kCorrupt when it is damaged, or has anything in its schema
/// that carat does not make (nothing of which has run); kInvalidArgument when another program made it.
Result<void> prepare_chat_schema(const sqlite::Database& database);

}  // namespace carat::store
