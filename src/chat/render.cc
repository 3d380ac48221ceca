#include "chat/render.h"

#include "base/bad_alloc.h"
#include "chat/gemma3.h"
#include "chat/gemma4.h"
#include "chat/limits.h"

namespace carat::chat {
namespace {

struct Named {
  ChatFormat format;
  std::string_view name;
};

/// A new format goes here and into render().
constexpr Named kFormats[] = {
    {ChatFormat::kGemma4Small, "gemma4-small"},
    {ChatFormat::kGemma4Large, "gemma4-large"},
    {ChatFormat::kGemma3, "gemma3"},
};

Error over(std::string_view what, std::size_t n, std::size_t limit) {
  return limit_exceeded("chat: " + std::string(what) + ": " + std::to_string(n) + ", the limit is " +
                        std::to_string(limit));
}

Result<void> check_limits(const Request& request) {
  if (request.messages.size() > kMaxMessages) return over("messages", request.messages.size(), kMaxMessages);
  for (const Message& message : request.messages) {
    const auto* parts = std::get_if<std::vector<Part>>(&message.content);
    if (parts != nullptr && parts->size() > kMaxParts) return over("parts of one message", parts->size(), kMaxParts);
  }
  if (request.tools.size() > kMaxTools) return over("tools", request.tools.size(), kMaxTools);
  std::size_t n_bytes = 0;
  for (const JsonRef& tool : request.tools) n_bytes += dump_json(*tool).size();
  if (n_bytes > kMaxToolsBytes) return over("bytes of tool declarations", n_bytes, kMaxToolsBytes);
  return {};
}

}  // namespace

std::string_view to_string(ChatFormat format) {
  for (const Named& known : kFormats) {
    if (known.format == format) return known.name;
  }
  return "";
}

std::optional<ChatFormat> chat_format(std::string_view name) {
  for (const Named& known : kFormats) {
    if (known.name == name) return known.format;
  }
  return std::nullopt;
}

Result<Prompt> render(ChatFormat format, const Request& request) {
  return no_bad_alloc([&]() -> Result<Prompt> {
    RETURN_IF_ERROR(check_limits(request));
    switch (format) {
      case ChatFormat::kGemma4Small:
        return render_gemma4(request, EmptyThought::kNo);
      case ChatFormat::kGemma4Large:
        return render_gemma4(request, EmptyThought::kYes);
      case ChatFormat::kGemma3:
        return render_gemma3(request);
    }
    return internal_error("chat: unknown format");
  });
}

}  // namespace carat::chat
