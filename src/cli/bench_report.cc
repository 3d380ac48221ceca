#include "cli/bench_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/quantities.h"
#include "cli/table.h"

namespace carat::cli {
namespace {

std::string_view unit(runtime::Bound bound) { return bound == runtime::Bound::kRead ? "GB/s" : "Gop/s"; }

}  // namespace

std::string bench_json(const runtime::BenchResult& result, std::int64_t peak_memory) {
  Json json = {{"test", result.test},       {"median", result.median},   {"min", result.min},
               {"max", result.max},         {"n_quiet", result.n_quiet}, {"share_of_peak", result.share_of_peak},
               {"peak", result.peak},       {"others", result.others},   {"rate", result.rate},
               {"unit", unit(result.bound)}};
  json["repetitions"] = Json::array();
  for (const runtime::Repetition& r : result.repetitions) {
    json["repetitions"].push_back({{"speed", r.speed}, {"rate", r.rate}, {"peak", r.peak}, {"others", r.others}});
  }
  if (peak_memory > 0) json["peak_memory"] = peak_memory;
  return dump_json(json) + "\n";
}

std::string bench_text(std::span<const runtime::BenchResult> results, std::int64_t peak_memory) {
  Table table({{"test", Table::kLeft},
               {"median", Table::kRight},
               {"", Table::kLeft},
               {"min", Table::kRight},
               {"max", Table::kRight},
               {"quiet", Table::kRight},
               {"rate", Table::kRight},
               {"peak", Table::kRight},
               {"", Table::kLeft},
               {"share", Table::kRight},
               {"others", Table::kRight}});
  for (const runtime::BenchResult& r : results) {
    const bool seconds = r.test == "load";
    const auto speed = [&](double v) { return seconds ? fmt::format("{:.3f}", v) : fmt::format("{:.2f}", v); };
    table.add({r.test, speed(r.median), seconds ? "s" : "tok/s", speed(r.min), speed(r.max),
               fmt::format("{}", r.n_quiet), fmt::format("{:.1f}", r.rate), fmt::format("{:.1f}", r.peak),
               std::string(unit(r.bound)), fmt::format("{:.1f} %", 100 * r.share_of_peak),
               fmt::format("{:.1f} %", 100 * r.others)});
  }
  return table.to_string() + fmt::format("peak memory {}\n", human_bytes(static_cast<std::uint64_t>(peak_memory)));
}

}  // namespace carat::cli
