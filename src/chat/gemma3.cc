#include "chat/gemma3.h"

#include "chat/python_text.h"
#include "tokenizer/control_tokens.h"

namespace carat::chat {
namespace {

namespace control = tokenizer::control;

Error at(std::size_t message, std::string_view what) {
  return invalid_argument("chat: gemma3: messages[" + std::to_string(message) + "]" + std::string(what));
}

/// The system text as the template takes it: not trimmed, of a list the first part only.
Result<std::string> system_text(const Content& content) {
  if (const auto* text = std::get_if<std::string>(&content)) return *text;
  const auto* parts = std::get_if<std::vector<Part>>(&content);
  if (parts == nullptr || parts->empty() || !(*parts)[0].text) {
    return at(0, ".content: a system message needs text, or a list that begins with a text part");
  }
  return *(*parts)[0].text;
}

Result<void> write_content(PromptBuilder& out, const Content& content, std::size_t i) {
  if (const auto* text = std::get_if<std::string>(&content)) {
    out.text(strip(*text));
    return {};
  }
  const auto* parts = std::get_if<std::vector<Part>>(&content);
  if (parts == nullptr) return at(i, ".content: expected text or a list of parts");
  for (std::size_t p = 0; p < parts->size(); ++p) {
    const Part& part = (*parts)[p];
    if (part.kind == PartKind::kText) out.text(strip(part.text.value_or("")));
    if (part.kind == PartKind::kImage) out.media(SegmentKind::kImage, control::kStartOfImage, i, p);
  }
  return {};
}

}  // namespace

Result<Prompt> render_gemma3(const Request& request) {
  const std::vector<Message>& messages = request.messages;
  if (!request.tools.empty()) {
    return unsupported("chat: gemma3: the format has no tools; leave \"tools\" out or use a Gemma 4 model");
  }
  if (request.options.enable_thinking) {
    return unsupported("chat: gemma3: the format has no thinking; turn it off or use a Gemma 4 model");
  }
  if (messages.empty()) return invalid_argument("chat: gemma3: messages must hold at least one message");

  PromptBuilder out;
  out.control(control::kBos);
  std::string prefix;
  std::size_t first = 0;
  if (messages[0].role == "system") {
    ASSIGN_OR_RETURN(prefix, system_text(messages[0].content));
    prefix += "\n\n";
    first = 1;
  }
  for (std::size_t i = first; i < messages.size(); ++i) {
    const Message& message = messages[i];
    const bool user_expected = (i - first) % 2 == 0;
    if ((message.role == "user") != user_expected) {
      return at(i, ": Conversation roles must alternate: after the optional system message user, assistant, user, …");
    }
    if (!message.tool_calls.empty() || !message.tool_responses.empty()) {
      return unsupported("chat: gemma3: messages[" + std::to_string(i) + "]: the format has no tool calls");
    }
    out.control(control::kStartOfTurn).text(message.role == "assistant" ? "model" : message.role).text("\n");
    if (i == first) out.text(prefix);
    RETURN_IF_ERROR(write_content(out, message.content, i));
    out.control(control::kEndOfTurn).text("\n");
  }
  if (request.options.add_generation_prompt) out.control(control::kStartOfTurn).text("model\n");
  return Prompt{std::move(out).take(), false};
}

}  // namespace carat::chat
