#include "cli/chat/chat_storage.h"
#include "cli/output.h"

namespace carat::cli {

Result<store::ChatStore*> StoredChats::store() {
  if (!store_) {
    ASSIGN_OR_RETURN(store::ChatStore opened, store::ChatStore::open(environment_));
    for (const std::string& note : opened.notes()) say(note);
    store_.emplace(std::move(opened));
  }
  return &*store_;
}

Result<ChatId> StoredChats::create(std::string_view model, std::string_view system, bool think) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->create(model, system, think);
}
Result<TurnId> StoredChats::append(ChatId chat, std::optional<TurnId> parent, const ChatTurn& turn) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->append(chat, parent, turn);
}
Result<std::vector<StoredTurn>> StoredChats::path(ChatId chat) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->path(chat);
}
Result<std::vector<StoredTurn>> StoredChats::children(ChatId chat, std::optional<TurnId> parent) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->children(chat, parent);
}
Result<void> StoredChats::rename(ChatId chat, std::string_view name) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->rename(chat, name);
}
Result<void> StoredChats::set_model(ChatId chat, std::string_view model) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->set_model(chat, model);
}
Result<void> StoredChats::set_system(ChatId chat, std::string_view system) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->set_system(chat, system);
}
Result<void> StoredChats::set_think(ChatId chat, bool think) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->set_think(chat, think);
}
Result<std::vector<ChatInfo>> StoredChats::list() {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->list();
}
Result<ChatInfo> StoredChats::find(std::string_view name_or_id) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->find(name_or_id);
}
Result<std::optional<ChatInfo>> StoredChats::latest() {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->latest();
}
Result<void> StoredChats::remove(ChatId chat) {
  ASSIGN_OR_RETURN(store::ChatStore * store, this->store());
  return store->remove(chat);
}

}  // namespace carat::cli
