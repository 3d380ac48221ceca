#include "cli/eval_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/quantities.h"

namespace carat::cli {
namespace {

std::string count(std::int64_t n) { return grouped(static_cast<std::uint64_t>(n)); }

}  // namespace

std::string eval_text(const EvalReport& report) {
  const eval::Summary& s = report.summary;
  std::string text;
  const auto line = [&](std::string_view what, const std::string& value) {
    text += fmt::format("{:<18}{}\n", what, value);
  };
  std::string tokens = fmt::format("{}, {} predicted", count(report.n_tokens), count(s.n_positions));
  if (report.n_windows > 1) tokens += fmt::format(", in {} windows", count(report.n_windows));
  line("tokens", tokens);
  line("perplexity", fmt::format("{:.5f}", s.perplexity));
  line("mean NLL", fmt::format("{:.6f}", s.mean_nll));
  if (!s.comparison) return text;
  const eval::Comparison& c = *s.comparison;
  text += fmt::format("\nagainst {}\n", report.reference);
  line("perplexity", fmt::format("{:.5f} ({:+.3f} % here)", c.reference_perplexity,
                                 (s.perplexity / c.reference_perplexity - 1) * 100));
  line("mean NLL", fmt::format("{:.6f} ({:+.3f} % here)", c.reference_mean_nll,
                               c.reference_mean_nll > 0 ? (s.mean_nll / c.reference_mean_nll - 1) * 100 : 0));
  line("mean KL", fmt::format("{:.4e}", c.mean_kl));
  line("99.9 % KL", fmt::format("{:.4e}", c.kl_p999));
  line("largest KL", fmt::format("{:.4e}", c.max_kl));
  line("same top token", fmt::format("{:.2f} %", c.same_top * 100));
  line("mean |dNLL|", fmt::format("{:.6f}", c.mean_abs_nll_difference));
  return text;
}

std::string eval_json(const EvalReport& report) {
  const eval::Summary& s = report.summary;
  Json json = {{"model", report.model},
               {"compute", report.compute},
               {"kv", report.kv},
               {"isa", report.isa},
               {"n_tokens", report.n_tokens},
               {"n_windows", report.n_windows},
               {"n_predicted", s.n_positions},
               {"perplexity", s.perplexity},
               {"mean_nll", s.mean_nll},
               {"against", nullptr}};
  if (s.comparison) {
    const eval::Comparison& c = *s.comparison;
    json["against"] = {{"reference", report.reference},
                       {"perplexity", c.reference_perplexity},
                       {"mean_nll", c.reference_mean_nll},
                       {"mean_kl", c.mean_kl},
                       {"kl_p999", c.kl_p999},
                       {"max_kl", c.max_kl},
                       {"same_top", c.same_top},
                       {"mean_abs_nll_difference", c.mean_abs_nll_difference}};
  }
  return dump_json(json) + "\n";
}

}  // namespace carat::cli
