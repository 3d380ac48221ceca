#include "cli/chat/export.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file_writer.h"
#include "base/json.h"

namespace carat::cli {
namespace {

constexpr unsigned kPrivate = 0600;

/// Every line behind "> ".
std::string as_quote(std::string_view text) {
  std::string quote = "> ";
  for (const char c : text) {
    quote += c;
    if (c == '\n') quote += "> ";
  }
  return quote + "\n\n";
}

}  // namespace

std::string chat_as_markdown(const ChatLog& log) {
  std::string out = fmt::format("# {}\n\nModel: {}\n\n", log.name().empty() ? "Chat" : log.name(), log.model());
  if (!log.system().empty()) out += fmt::format("## System\n\n{}\n\n", log.system());
  for (const ChatTurn* turn : log.turns()) {
    out += turn->role == "user" ? "## User\n\n" : "## Assistant\n\n";
    if (!turn->thinking.empty()) out += as_quote(turn->thinking);
    out += turn->content + "\n\n";
  }
  out.pop_back();
  return out;
}

std::string chat_as_json(const ChatLog& log) {
  Json messages = Json::array();
  if (!log.system().empty()) messages.push_back({{"role", "system"}, {"content", log.system()}});
  for (const ChatTurn* turn : log.turns()) {
    Json message = {{"role", turn->role}, {"content", turn->content}};
    if (!turn->thinking.empty()) message["reasoning"] = turn->thinking;
    if (auto details = parse_json(turn->details); details) message["details"] = *std::move(details);
    messages.push_back(std::move(message));
  }
  return dump_json(Json{{"name", log.name()},
                        {"model", log.model()},
                        {"enable_thinking", log.think()},
                        {"messages", std::move(messages)}},
                   2) +
         "\n";
}

Result<void> export_chat(const ChatLog& log, const std::string& path) {
  const bool markdown = path.ends_with(".md"), json = path.ends_with(".json");
  if (!markdown && !json) {
    return invalid_argument(fmt::format("{}: expected a name that ends in .md or .json", path));
  }
  if (log.size() == 0) return invalid_argument("there is nothing to export yet");
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    return invalid_argument(fmt::format("{}: there is such a file already; choose another name", path));
  }
  ASSIGN_OR_RETURN(FileWriter out, FileWriter::create(path));
  RETURN_IF_ERROR(out.write(markdown ? chat_as_markdown(log) : chat_as_json(log)));
  return out.commit({.mode = kPrivate});
}

}  // namespace carat::cli
