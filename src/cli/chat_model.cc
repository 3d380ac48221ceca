#include "cli/chat_model.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace carat::cli {

bool has_chat_template(const formats::ModelSource& source) {
  if (source.gguf) {
    auto text = source.gguf->metadata().get_string("tokenizer.chat_template");
    return text && !text->empty();
  }
  std::error_code ignored;
  const std::filesystem::path& folder = source.folder->path;
  if (std::filesystem::exists(folder / "chat_template.jinja", ignored)) return true;
  const Json* config = source.folder->tokenizer_config.get();
  if (config == nullptr) return false;
  const auto text = config->find("chat_template");
  return text != config->end() && !text->is_null() && *text != "";
}

chat::ChatFormat family_chat_format(const model::ModelConfig& config) {
  if (config.architecture == model::Architecture::kGemma3) return chat::ChatFormat::kGemma3;
  return config.ple_dim > 0 ? chat::ChatFormat::kGemma4Small : chat::ChatFormat::kGemma4Large;
}

std::optional<chat::ChatFormat> chat_format_of(const formats::ModelSource& source, const model::ModelConfig& config) {
  return has_chat_template(source) ? std::optional(family_chat_format(config)) : std::nullopt;
}

}  // namespace carat::cli
