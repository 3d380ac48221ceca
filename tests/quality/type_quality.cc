// How good `fast` is for a weight type, on copies of a real model. Called by compare_types; by hand:
//
//   type_quality reencode IN.gguf TYPE OUT.gguf          a copy whose matrices are of TYPE (Q4_0, Q3_K, ...)
//   type_quality compare MODEL.gguf IDS [SAVED]          one JSON line: of fast, or of the saved logits, against exact
//
// IDS is a JSON file with a list `ids`. `kl` has one number for each predicted id.

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "eval/summary.h"
#include "quality/divergence.h"
#include "quality/reencode.h"

namespace carat::quality {
namespace {

constexpr std::uint64_t kMaxIdsBytes = std::uint64_t{64} << 20;

Result<void> reencode(const std::string& source, const std::string& type, const std::string& out) {
  const auto dtype = dtype_from_name(type);
  if (!dtype || !dtype_info(*dtype).is_weight) return invalid_argument(type + ": expected a weight type such as Q4_0");
  ASSIGN_OR_RETURN(const Reencoded copy, write_reencoded(source, *dtype, out));
  std::printf("{\"matrices\": %d, \"kept\": %d}\n", copy.n_matrices, copy.n_kept);
  return {};
}

Result<std::vector<tokenizer::TokenId>> read_ids(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path, kMaxIdsBytes));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto ids = json.is_object() ? json.find("ids") : json.end();
  if (ids == json.end() || !ids->is_array()) return invalid_argument(path + ": expected a JSON object with a list ids");
  std::vector<tokenizer::TokenId> out;
  for (const auto& id : *ids) {
    if (!id.is_number_integer()) return invalid_argument(path + ": ids holds something that is no number");
    out.push_back(id.get<tokenizer::TokenId>());
  }
  return out;
}

Result<void> compare(const std::string& model, const std::string& ids_file, const std::string& saved) {
  ASSIGN_OR_RETURN(const auto ids, read_ids(ids_file));
  ASSIGN_OR_RETURN(const auto scores,
                   saved.empty() ? divergence_of_fast(model, ids) : divergence_of_saved(model, ids, saved));
  const eval::Summary all = eval::summarize(scores, true);
  nlohmann::json kl = nlohmann::json::array();
  for (const eval::PositionScore& score : scores) kl.push_back(score.kl);
  const nlohmann::json line = {{"mean_kl", all.comparison->mean_kl},
                               {"kl_p999", all.comparison->kl_p999},
                               {"same_top", all.comparison->same_top},
                               {"mean_abs_nll_difference", all.comparison->mean_abs_nll_difference},
                               {"perplexity", all.perplexity},
                               {"exact_perplexity", all.comparison->reference_perplexity},
                               {"kl", kl}};
  std::printf("%s\n", line.dump().c_str());
  return {};
}

Result<void> run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 4 && arguments[0] == "reencode") return reencode(arguments[1], arguments[2], arguments[3]);
  if ((arguments.size() == 3 || arguments.size() == 4) && arguments[0] == "compare") {
    return compare(arguments[1], arguments[2], arguments.size() == 4 ? arguments[3] : "");
  }
  return invalid_argument("expected reencode IN.gguf TYPE OUT.gguf, or compare MODEL.gguf IDS [SAVED]");
}

}  // namespace
}  // namespace carat::quality

int main(int argc, char** argv) {
  const auto result = carat::quality::run({argv + 1, argv + argc});
  if (result.has_value()) return 0;
  std::fprintf(stderr, "type_quality: %s\n", result.error().to_string().c_str());
  return 1;
}
