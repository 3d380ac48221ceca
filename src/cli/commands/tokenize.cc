#include "cli/commands/tokenize.h"

#include <fmt/core.h>

#include <CLI/App.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "cli/input.h"
#include "cli/model_argument.h"
#include "cli/output.h"
#include "cli/token_text.h"
#include "formats/model_source.h"
#include "formats/model_tokenizer.h"

namespace carat::cli {
namespace {

using tokenizer::TokenId;
using tokenizer::Tokenizer;

constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

struct TokenizeOptions {
  std::string model;
  std::string file = "-";
  bool json = false;
  bool json_lines = false;
  bool special = false;
  bool decode = false;
};

Result<void> tokenize_lines(const TokenizeOptions& options, const Tokenizer& tokenizer, Input& input) {
  for (;;) {
    ASSIGN_OR_RETURN(const auto line, input.next_line(kMaxBytes));
    if (!line) return {};
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = fmt::format("{}:{}", input.name(), input.line_number());
    ASSIGN_OR_RETURN(const std::string answer, options.decode ? decode_json(tokenizer, *line, where)
                                                              : encode_json(tokenizer, *line, options.special, where));
    RETURN_IF_ERROR(write_stdout(answer + "\n"));
  }
}

Result<void> tokenize(const TokenizeOptions& options) {
  ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(options.model));
  ASSIGN_OR_RETURN(Input input, Input::open(options.file));
  ASSIGN_OR_RETURN(const formats::ModelSource source, formats::open_model(path));
  ASSIGN_OR_RETURN(const Tokenizer tokenizer, formats::open_tokenizer(source));
  if (options.json_lines) return tokenize_lines(options, tokenizer, input);

  ASSIGN_OR_RETURN(const std::string text, input.rest(kMaxBytes));
  if (options.decode) {
    ASSIGN_OR_RETURN(const auto ids, parse_token_ids(text, tokenizer.vocab_size(), input.name()));
    const std::string decoded = tokenizer.decode(ids);
    return write_stdout(options.json ? dump_json(Json{{"text", decoded}}) + "\n" : decoded);
  }
  const auto ids = options.special ? tokenizer.encode_with_control(text) : tokenizer.encode(text);
  return write_stdout((options.json ? dump_json(Json{{"ids", ids}}) : format_token_ids(ids)) + "\n");
}

}  // namespace

Action add_tokenize(CLI::App& command) {
  auto options = std::make_shared<TokenizeOptions>();
  command.add_option("MODEL", options->model, "a GGUF file, a Hugging Face folder, or a name in the store")->required();
  command.add_option("FILE", options->file, "the text, or with --decode the ids; - or nothing: stdin");
  command.add_flag("--json", options->json, "the ids, or with --decode the text, as one JSON object");
  command.add_flag("--json-lines", options->json_lines,
                   "a line {\"text\": ...} in, a line {\"ids\": [...]} out; with --decode the other way");
  command.add_flag("--special", options->special, "control strings such as <bos> in the text become their tokens");
  command.add_flag("--decode", options->decode, "ids to text; bytes that are no UTF-8 as U+FFFD");
  return [options] { return tokenize(*options); };
}

}  // namespace carat::cli
