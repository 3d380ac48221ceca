#include "cli/commands/render.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "chat/prompt.h"
#include "chat/render.h"
#include "chat/request_json.h"
#include "cli/chat_model.h"
#include "cli/model_argument.h"
#include "cli/output.h"
#include "formats/model_source.h"
#include "formats/model_tokenizer.h"
#include "model/load_config.h"

namespace carat::cli {
namespace {

constexpr std::size_t kMaxRequestBytes = std::size_t{64} << 20;  // pictures and sounds may be inside

struct RenderCommand {
  std::vector<std::string> arguments;  ///< [MODEL] FILE
  std::string format;
  bool json = false;
};

Result<std::string> read_request_text(const std::string& file) {
  if (file == "-") return read_stdin(kMaxRequestBytes);
  return read_file(file, kMaxRequestBytes);
}

Result<chat::ChatFormat> format_of(const RenderCommand& c, const std::optional<formats::ModelSource>& source) {
  if (!c.format.empty()) return *chat::chat_format(c.format);  // CLI11 has checked the name
  ASSIGN_OR_RETURN(const model::ModelConfig config, model::load_config(*source));
  if (const auto format = chat_format_of(*source, config)) return *format;
  // Without a template (a base model, a test model) the family still has only one format.
  const chat::ChatFormat format = family_chat_format(config);
  say(fmt::format("{} has no chat template; using its family's, {}", source->path.string(), chat::to_string(format)));
  return format;
}

/// {"format", "segments": [{"kind", "text", of media "message" and "part"}], "ends_in_thought", with a model "ids"}.
Json as_json(chat::ChatFormat format, const chat::Prompt& prompt) {
  Json segments = Json::array();
  for (const chat::Segment& segment : prompt.segments) {
    Json entry = {{"kind", chat::to_string(segment.kind)}, {"text", segment.text}};
    if (segment.kind != chat::SegmentKind::kText && segment.kind != chat::SegmentKind::kControl) {
      entry["message"] = segment.message;
      entry["part"] = segment.part;
    }
    segments.push_back(std::move(entry));
  }
  return {{"format", chat::to_string(format)},
          {"segments", std::move(segments)},
          {"ends_in_thought", prompt.ends_in_thought}};
}

Result<void> run_render(const RenderCommand& c) {
  const std::string& file = c.arguments.back();
  const bool names_model = c.arguments.size() == 2;
  std::optional<formats::ModelSource> source;
  if (names_model || c.format.empty()) {
    ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(names_model ? c.arguments.front() : ""));
    ASSIGN_OR_RETURN(source, formats::open_model(path));
  }
  ASSIGN_OR_RETURN(const chat::ChatFormat format, format_of(c, source));
  ASSIGN_OR_RETURN(const std::string text, read_request_text(file));
  Result<chat::Request> request = chat::parse_request(text);
  if (!request) return std::move(request).error().while_doing(file == "-" ? "reading stdin" : "reading " + file);
  ASSIGN_OR_RETURN(const chat::Prompt prompt, chat::render(format, *request));
  if (!c.json) return write_stdout(chat::to_string(prompt));

  Json json = as_json(format, prompt);
  if (source) {
    ASSIGN_OR_RETURN(const tokenizer::Tokenizer tokenizer, formats::open_tokenizer(*source));
    ASSIGN_OR_RETURN(json["ids"], chat::encode(prompt, tokenizer));
  }
  return write_stdout(dump_json(json) + "\n");
}

}  // namespace

Action add_render(CLI::App& command) {
  auto c = std::make_shared<RenderCommand>();
  command
      .add_option(
          "[MODEL] FILE", c->arguments,
          "FILE: JSON with \"messages\" and, if wanted, \"tools\", \"add_generation_prompt\", \"enable_thinking\", "
          "\"preserve_thinking\"; - for stdin. MODEL gives the format, and the ids of --json")
      ->required()
      ->expected(1, 2);
  command.add_option("--format", c->format, "the chat format, in place of a model")
      ->check(CLI::IsMember({"gemma4-small", "gemma4-large", "gemma3"}));
  command.add_flag("--json", c->json, "the typed segments as JSON, with a model also the token ids");
  return [c] { return run_render(*c); };
}

}  // namespace carat::cli
