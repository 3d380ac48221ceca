#pragma once

#include <optional>

#include "chat/render.h"
#include "formats/model_source.h"
#include "model/config.h"

namespace carat::cli {

/// Whether the model's files carry a chat template: tokenizer.chat_template of a GGUF file; chat_template.jinja, or
/// chat_template in tokenizer_config.json, of a folder. Base models have none.
bool has_chat_template(const formats::ModelSource& source);

/// The one chat format that the model's family has, whether or not this model was taught it.
chat::ChatFormat family_chat_format(const model::ModelConfig& config);

/// The format in which the model was taught to chat, or nothing for a base model. Only whether there is a template
/// matters: carat renders the official formats itself (chat/render.h).
std::optional<chat::ChatFormat> chat_format_of(const formats::ModelSource& source, const model::ModelConfig& config);

}  // namespace carat::cli
