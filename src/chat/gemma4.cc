#include "chat/gemma4.h"

#include <nlohmann/json.hpp>
#include <span>

#include "chat/declaration.h"
#include "chat/python_text.h"
#include "chat/values.h"
#include "tokenizer/control_tokens.h"

namespace carat::chat {
namespace {

namespace control = tokenizer::control;

/// What the last message left behind; the generation cue depends on it.
enum class Last { kMessage, kPendingCall, kToolResponse };

/// The text without its thoughts: every <|channel>…<channel|> goes, an opener without an end takes the rest with it, a
/// closer without an opener only itself.
std::string strip_thinking(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t end = text.find(control::kChannelClose);
    const std::string_view piece = text.substr(0, end);
    out += piece.substr(0, piece.find(control::kChannelOpen));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + control::kChannelClose.size());
  }
  return std::string(strip(out));
}

void write_media(PromptBuilder& out, PartKind kind, std::size_t message, std::size_t part) {
  switch (kind) {
    case PartKind::kImage:
      out.media(SegmentKind::kImage, control::kImage, message, part);
      break;
    case PartKind::kAudio:
      out.media(SegmentKind::kAudio, control::kAudio, message, part);
      break;
    case PartKind::kVideo:
      out.media(SegmentKind::kVideo, control::kVideo, message, part);
      break;
    case PartKind::kText:
    case PartKind::kUnknown:
      break;  // unknown kinds are skipped, as in the template
  }
}

Error missing_text(std::size_t message, std::size_t part) {
  return invalid_argument("chat: messages[" + std::to_string(message) + "].content[" + std::to_string(part) +
                          "]: a text part needs \"text\"");
}

Result<void> write_response(PromptBuilder& out, std::string_view name, const Json* response) {
  out.control(control::kToolResponseOpen).text("response:").text(name).text("{");
  if (response != nullptr && response->is_object()) {
    RETURN_IF_ERROR(write_pairs(out, *response, Keys::kBare));
  } else {
    out.text("value:");
    RETURN_IF_ERROR(write_value(out, response, Keys::kBare));
  }
  out.text("}").control(control::kToolResponseClose);
  return {};
}

class Gemma4Renderer {
 public:
  Gemma4Renderer(const Request& request, EmptyThought empty_thought)
      : request_(request), options_(request.options), empty_thought_(empty_thought) {}

  Result<Prompt> render() && {
    out_.control(control::kBos);
    RETURN_IF_ERROR(write_system_turn());
    for (std::size_t i = first_; i < messages().size(); ++i) {
      if (messages()[i].role == "user") last_user_ = i;
    }
    for (std::size_t i = first_; i < messages().size(); ++i) {
      if (messages()[i].role != "tool") RETURN_IF_ERROR(write_message(i));
    }
    Prompt prompt;
    if (options_.add_generation_prompt) prompt.ends_in_thought = write_generation_cue();
    prompt.segments = std::move(out_).take();
    return prompt;
  }

 private:
  const std::vector<Message>& messages() const { return request_.messages; }

  /// Thinking switch, system text, declarations: one turn, if there is anything to put into it.
  Result<void> write_system_turn() {
    const bool has_system =
        !messages().empty() && (messages()[0].role == "system" || messages()[0].role == "developer");
    if (!options_.enable_thinking && request_.tools.empty() && !has_system) return {};
    out_.control(control::kTurnOpen).text("system\n");
    if (options_.enable_thinking) out_.control(control::kThink).text("\n");
    if (has_system) {
      first_ = 1;
      const Content& content = messages()[0].content;
      if (const auto* text = std::get_if<std::string>(&content)) out_.text(strip(*text));
      if (const auto* parts = std::get_if<std::vector<Part>>(&content)) {
        for (const Part& part : *parts) out_.text(strip(part.text.value_or(""))).text(" ");
      }
    }
    for (const JsonRef& tool : request_.tools) {
      out_.control(control::kToolOpen);
      RETURN_IF_ERROR(write_declaration(out_, *tool));
      out_.control(control::kToolClose);
    }
    out_.control(control::kTurnClose).text("\n");
    return {};
  }

  /// thought, calls, responses, content, closing: in this order, whatever the order the model wrote them in.
  Result<void> write_message(std::size_t i) {
    const Message& message = messages()[i];
    const std::string_view role = message.role == "assistant" ? "model" : std::string_view(message.role);
    last_ = Last::kMessage;
    if (!(role == "model" && previous_role_ == "assistant")) out_.control(control::kTurnOpen).text(role).text("\n");

    const bool after_last_user = !last_user_ || i > *last_user_;
    const bool preserved = options_.preserve_thinking && !message.tool_calls.empty();
    if (!message.reasoning.empty() && (after_last_user || preserved)) {
      out_.control(control::kChannelOpen)
          .text("thought\n")
          .text(message.reasoning)
          .text("\n")
          .control(control::kChannelClose);
    }
    for (const ToolCall& call : message.tool_calls) {
      out_.control(control::kToolCallOpen).text("call:").text(call.name).text("{");
      if (call.arguments != nullptr) RETURN_IF_ERROR(write_pairs(out_, *call.arguments, Keys::kBare));
      out_.text("}").control(control::kToolCallClose);
      last_ = Last::kPendingCall;
    }
    RETURN_IF_ERROR(write_responses(i));
    const bool answered = last_ == Last::kToolResponse;

    ASSIGN_OR_RETURN(std::vector<Segment> content, render_content(i, role == "model"));
    const bool has_content = !content.empty();
    out_.append(std::move(content));

    const Message* next = next_message(i);
    const bool continues =
        role == "model" && next != nullptr && next->role == "assistant" && (message.tool_calls.empty() || answered);
    if (last_ == Last::kPendingCall) {
      out_.control(control::kToolResponseOpen);
    } else if (!continues && !(answered && !has_content && next == nullptr)) {
      out_.control(control::kTurnClose).text("\n");
    }
    previous_role_ = message.role;
    return {};
  }

  /// Google's shape (on the message itself) or, of a calling message, the tool messages that follow it.
  Result<void> write_responses(std::size_t i) {
    const Message& message = messages()[i];
    for (const ToolResponse& response : message.tool_responses) {
      const std::string_view name = response.name.empty() ? "unknown" : std::string_view(response.name);
      RETURN_IF_ERROR(write_response(out_, name, response.response.get()));
      last_ = Last::kToolResponse;
    }
    if (!message.tool_responses.empty() || message.tool_calls.empty()) return {};
    for (std::size_t k = i + 1; k < messages().size() && messages()[k].role == "tool"; ++k) {
      RETURN_IF_ERROR(write_tool_message(message, k));
      last_ = Last::kToolResponse;
    }
    return {};
  }

  Result<void> write_tool_message(const Message& caller, std::size_t k) {
    const Message& tool = messages()[k];
    std::string_view name = tool.name && !tool.name->empty() ? std::string_view(*tool.name) : "unknown";
    for (const ToolCall& call : caller.tool_calls) {
      if (call.id == tool.tool_call_id) name = call.name;  // no ids at all are equal too: the last call wins
    }
    if (const auto* parts = std::get_if<std::vector<Part>>(&tool.content)) {
      std::string text;
      for (std::size_t p = 0; p < parts->size(); ++p) {
        const Part& part = (*parts)[p];
        if (part.kind != PartKind::kText) continue;
        if (!part.text) return missing_text(k, p);
        text += *part.text;
      }
      const Json value(std::move(text));
      RETURN_IF_ERROR(write_response(out_, name, &value));
      for (std::size_t p = 0; p < parts->size(); ++p) write_media(out_, (*parts)[p].kind, k, p);
      return {};
    }
    Json value;
    if (const auto* text = std::get_if<std::string>(&tool.content)) value = *text;
    if (const auto* other = std::get_if<JsonRef>(&tool.content)) value = **other;
    return write_response(out_, name, &value);
  }

  Result<std::vector<Segment>> render_content(std::size_t i, bool is_model) {
    PromptBuilder content;
    const auto write = [&](std::string_view text) {
      if (is_model) {
        content.text(strip_thinking(text));
      } else {
        content.text(strip(text));
      }
    };
    if (const auto* text = std::get_if<std::string>(&messages()[i].content)) write(*text);
    if (const auto* parts = std::get_if<std::vector<Part>>(&messages()[i].content)) {
      for (std::size_t p = 0; p < parts->size(); ++p) {
        const Part& part = (*parts)[p];
        if (part.kind == PartKind::kText) {
          if (!part.text && is_model) return missing_text(i, p);
          write(part.text.value_or(""));
        } else {
          write_media(content, part.kind, i, p);
        }
      }
    }
    return std::move(content).take();
  }

  const Message* next_message(std::size_t i) const {
    for (std::size_t j = i + 1; j < messages().size(); ++j) {
      if (messages()[j].role != "tool") return &messages()[j];
    }
    return nullptr;
  }

  /// Returns whether the reply starts inside a thought.
  bool write_generation_cue() {
    if (last_ == Last::kMessage) {
      out_.control(control::kTurnOpen).text("model\n");
      if (empty_thought_ == EmptyThought::kYes && !options_.enable_thinking) {
        out_.control(control::kChannelOpen).text("thought\n").control(control::kChannelClose);
      }
    } else if (last_ == Last::kToolResponse && options_.enable_thinking) {
      out_.control(control::kChannelOpen).text("thought\n");
      return true;
    }
    return false;
  }

  const Request& request_;
  const RenderOptions& options_;
  const EmptyThought empty_thought_;
  PromptBuilder out_;
  std::size_t first_ = 0;  ///< the first message after the system turn
  std::optional<std::size_t> last_user_;
  std::string previous_role_;  ///< of the last message that was no tool message
  Last last_ = Last::kMessage;
};

}  // namespace

Result<Prompt> render_gemma4(const Request& request, EmptyThought empty_thought) {
  return Gemma4Renderer(request, empty_thought).render();
}

}  // namespace carat::chat
