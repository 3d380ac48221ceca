// Any bytes as config.json, and behind a NUL byte (which JSON cannot hold) as generation_config.json.
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "fuzz/config_checks.h"
#include "fuzz/target.h"
#include "model/config_hf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat;
  const std::string_view text = fuzz::as_text(data, size);
  const std::size_t nul = text.find('\0');
  const auto config = parse_json(text.substr(0, nul));
  if (!config || !config->is_object()) return 0;  // the folder's reader refuses those (fuzz_json)
  std::optional<Json> generation;
  if (nul != std::string_view::npos) {
    auto json = parse_json(text.substr(nul + 1));
    if (json && json->is_object()) generation = *std::move(json);
  }
  const auto read = model::config_from_hf(*config, generation ? &*generation : nullptr, "config.json", "fuzz");
  if (read) {
    fuzz::check_model_config(*read);
  } else {
    fuzz::check_refusal(read.error());
  }
  return 0;
}
