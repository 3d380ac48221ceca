#include "formats/tokenizer_pipeline.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "formats/printable.h"

namespace carat::formats {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

/// The value at a JSON pointer, or null where there is none.
std::string_view text_at(const element& value, std::string_view pointer) {
  std::string_view text;
  return value.at_pointer(pointer).get(text) == simdjson::SUCCESS ? text : std::string_view();
}

bool absent(const element& parent, std::string_view key) {
  element value;
  return parent[key].get(value) != simdjson::SUCCESS || value.is_null();
}

/// The steps of a field: none, the one it is, or those of a Sequence.
std::vector<element> steps(const element& root, std::string_view key, std::string_view list) {
  std::vector<element> out;
  element value;
  if (root[key].get(value) != simdjson::SUCCESS || value.is_null()) return out;
  array parts;
  if (text_at(value, "/type") == "Sequence" && value[list].get(parts) == simdjson::SUCCESS) {
    for (const element part : parts) out.push_back(part);
  } else {
    out.push_back(value);
  }
  return out;
}

Error not_gemma(std::string_view where, std::string_view what, const element& step, std::string_view expected) {
  std::string_view type = text_at(step, "/type");
  return unsupported(fmt::format("{}: the {} \"{}\" is not Gemma's; {} was expected", where, what,
                                 type.empty() ? "?" : printable(type), expected));
}

Result<void> check_model(const element& root, std::string_view where) {
  element model;
  if (root["model"].get(model) != simdjson::SUCCESS) {
    return corrupt(fmt::format("{}: has no \"model\"; it is no tokenizer.json", where));
  }
  if (text_at(model, "/type") != "BPE") return not_gemma(where, "tokenizer model", model, "BPE");
  bool flag = false;
  if (model["byte_fallback"].get(flag) != simdjson::SUCCESS || !flag) {
    return unsupported(fmt::format("{}: the BPE model has no byte_fallback; Gemma's has", where));
  }
  if (model["ignore_merges"].get(flag) == simdjson::SUCCESS && flag) {
    return unsupported(fmt::format("{}: the BPE model has ignore_merges; Gemma's does not", where));
  }
  for (const std::string_view key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
    element value;
    std::string_view text = "?";
    if (absent(model, key) || (model[key].get(text) == simdjson::SUCCESS && text.empty())) continue;
    return unsupported(fmt::format("{}: the BPE model has a {}; Gemma's has none", where, key));
  }
  return {};
}

}  // namespace

Result<void> check_tokenizer_pipeline(const element& root, std::string_view where) {
  RETURN_IF_ERROR(check_model(root, where));
  constexpr std::string_view kNormalizer = "one Replace of \" \" by U+2581";
  const auto normalizers = steps(root, "normalizer", "normalizers");
  if (normalizers.empty()) {
    return unsupported(fmt::format("{}: has no normalizer; {} was expected", where, kNormalizer));
  }
  for (const element& step : normalizers) {
    if (normalizers.size() != 1 || text_at(step, "/type") != "Replace" || text_at(step, "/pattern/String") != " " ||
        text_at(step, "/content") != "\xE2\x96\x81") {
      return not_gemma(where, "normalizer", step, kNormalizer);
    }
  }
  for (const element& step : steps(root, "pre_tokenizer", "pretokenizers")) {
    if (text_at(step, "/type") != "Split" || text_at(step, "/pattern/String") != " ") {
      return not_gemma(where, "pre-tokenizer", step, "none, or Split at \" \"");
    }
  }
  for (const element& step : steps(root, "decoder", "decoders")) {
    const std::string_view type = text_at(step, "/type");
    const bool undo =
        type == "Replace" && text_at(step, "/pattern/String") == "\xE2\x96\x81" && text_at(step, "/content") == " ";
    if (!undo && type != "ByteFallback" && type != "Fuse") {
      return not_gemma(where, "decoder", step, "Replace of U+2581 by \" \", ByteFallback, Fuse");
    }
  }
  return {};
}

}  // namespace carat::formats
