#include "cli/chat/turn_details.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace carat::cli {
namespace {

/// The details of a turn, whoever wrote them: an object, or an empty one.
Json details_of(const ChatTurn& turn) {
  auto details = parse_json(turn.details);
  return details && details->is_object() ? *std::move(details) : Json::object();
}

std::string answer_details(const std::string& model, const ConversationOptions& options, std::uint32_t choice,
                           const ConversationAnswer& answer) {
  const runtime::SamplingParams& sampling = options.sampling;
  const AnswerStats& stats = answer.stats;
  Json details = {{"model", model},
                  {"reason", end_reason(stats)},
                  {"n_prompt_tokens", stats.n_prompt_tokens},
                  {"n_cached_tokens", answer.n_cached_tokens},
                  {"n_tokens", stats.n_tokens},
                  {"n_thinking_tokens", answer.n_thinking_tokens},
                  {"prompt_ms", stats.prompt_ms},
                  {"generate_ms", stats.generate_ms},
                  {"thinking_ms", answer.thinking_ms}};
  details["sampling"] = {{"temperature", sampling.temperature},
                         {"top_k", sampling.top_k},
                         {"top_p", sampling.top_p},
                         {"min_p", sampling.min_p},
                         {"seed", sampling.seed},
                         {"choice", choice}};
  return dump_json(details);
}

}  // namespace

void keep_answer(ChatLog& log, std::size_t n_before, const ConversationOptions& options, std::uint32_t choice,
                 const ConversationAnswer& answer) {
  if (answer.content.empty() && answer.thinking.empty()) return;
  log.add(n_before,
          {"assistant", answer.content, answer.thinking, answer_details(log.model(), options, choice, answer)});
}

std::string message_details(const std::vector<std::string>& file_names, std::size_t n_typed_bytes) {
  if (file_names.empty()) return {};
  Json names = Json::array();
  for (const std::string& name : file_names) names.push_back(name);
  return dump_json(Json{{"files", std::move(names)}, {"n_typed_bytes", n_typed_bytes}});
}

MessageParts message_parts(const ChatTurn& turn) {
  MessageParts parts{{}, {}, turn.content};
  const Json details = details_of(turn);
  const auto files = details.find("files");
  const auto n_typed = details.find("n_typed_bytes");
  if (files == details.end() || !files->is_array() || n_typed == details.end() || !n_typed->is_number_unsigned()) {
    return parts;
  }
  const auto n = n_typed->get<std::uint64_t>();
  if (n > turn.content.size()) return parts;
  for (const Json& name : *files) {
    if (name.is_string()) parts.file_names.push_back(name.get<std::string>());
  }
  parts.files = std::string_view(turn.content).substr(0, turn.content.size() - n);
  parts.typed = std::string_view(turn.content).substr(parts.files.size());
  return parts;
}

bool was_stopped(const ChatTurn& turn) {
  const Json details = details_of(turn);
  const auto reason = details.find("reason");
  return reason != details.end() && reason->is_string() && reason->get<std::string>() == "cancelled";
}

}  // namespace carat::cli
