#include "formats/hf_folder.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "base/file.h"
#include "formats/limits.h"

namespace carat::formats {
namespace {

namespace fs = std::filesystem;

Result<std::shared_ptr<const Json>> read_object(const fs::path& path, std::uint64_t max_bytes = kMaxConfigBytes) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path, max_bytes));
  auto json = parse_json(text);
  if (!json) return std::move(json).error().while_doing(fmt::format("reading {}", path.string()));
  if (!json->is_object()) return corrupt(fmt::format("{}: is not a JSON object", path.string()));
  return share_json(std::move(json).value());
}

bool has_gguf(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".gguf") return true;
  }
  return false;
}

}  // namespace

Result<HfFolder> HfFolder::open(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / "config.json", error)) {
    return not_found(fmt::format("{}: a folder without config.json; {}", folder.string(),
                                 has_gguf(folder) ? "it holds .gguf files, name one of them"
                                                  : "expected a Hugging Face folder or a .gguf file"));
  }
  HfFolder model;
  model.path = folder;
  ASSIGN_OR_RETURN(model.config, read_object(folder / "config.json"));
  if (fs::exists(folder / "generation_config.json", error)) {
    ASSIGN_OR_RETURN(model.generation_config, read_object(folder / "generation_config.json"));
  }
  if (fs::exists(folder / "tokenizer_config.json", error)) {
    ASSIGN_OR_RETURN(model.tokenizer_config, read_object(folder / "tokenizer_config.json", kMaxTokenizerConfigBytes));
  }
  ASSIGN_OR_RETURN(SafetensorsSource tensors, SafetensorsSource::open_folder(folder));
  model.tensors = std::make_shared<const SafetensorsSource>(std::move(tensors));
  if (fs::exists(folder / "tokenizer.json", error)) model.tokenizer_json = folder / "tokenizer.json";
  return model;
}

}  // namespace carat::formats
