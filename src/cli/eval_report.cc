#include "cli/eval_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/quantities.h"
#include "cli/table.h"

namespace carat::cli {
namespace {

std::string count(std::int64_t n) { return grouped(static_cast<std::uint64_t>(n)); }

/// A piece of text as it may stand in a table: in quotes, what is not printable escaped, its end kept.
std::string shown(const std::string& text, std::size_t max_letters = 60) {
  const std::string escaped = Json(text).dump();  // quotes, \n and control characters
  if (escaped.size() <= max_letters) return escaped;
  std::size_t begin = escaped.size() - max_letters;
  while (begin < escaped.size() && (static_cast<unsigned char>(escaped[begin]) & 0xc0) == 0x80) ++begin;
  return fmt::format("…{}", escaped.substr(begin));
}

std::string worst_text(const std::vector<WorstPosition>& worst) {
  if (worst.empty()) return "";
  Table table({{"position", Table::kRight},
               {"KL", Table::kRight},
               {"text before", Table::kRight},
               {"came", Table::kLeft},
               {"NLL", Table::kRight},
               {"(ref.)", Table::kRight},
               {"expected", Table::kLeft},
               {"(ref.)", Table::kLeft}});
  for (const WorstPosition& w : worst) {
    table.add({count(w.position), fmt::format("{:.3e}", w.score.kl), shown(w.before, 32), shown(w.token, 12),
               fmt::format("{:.3f}", w.score.nll), fmt::format("{:.3f}", w.score.reference_nll), shown(w.top, 12),
               shown(w.reference_top, 12)});
  }
  return "\nwhere they differ most\n" + table.to_string();
}

Json worst_json(const std::vector<WorstPosition>& worst) {
  Json json = Json::array();
  for (const WorstPosition& w : worst) {
    json.push_back({{"position", w.position},
                    {"kl", w.score.kl},
                    {"before", w.before},
                    {"token", w.token},
                    {"nll", w.score.nll},
                    {"reference_nll", w.score.reference_nll},
                    {"top", w.top},
                    {"reference_top", w.reference_top}});
  }
  return json;
}

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
  return text + worst_text(report.worst);
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
                       {"mean_abs_nll_difference", c.mean_abs_nll_difference},
                       {"worst", worst_json(report.worst)}};
  }
  return dump_json(json) + "\n";
}

}  // namespace carat::cli
