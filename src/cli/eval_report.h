#pragma once

#include <cstdint>
#include <string>

#include "cli/eval_worst.h"
#include "eval/summary.h"

namespace carat::cli {

/// What `carat eval` found, with the names of what it compared.
struct EvalReport {
  std::string model;
  std::string compute;
  std::string kv;
  std::string isa;
  std::string reference;      ///< "exact, K/V f32", a model, a file; empty = nothing to compare with
  std::int64_t n_tokens = 0;  ///< <bos> included
  std::int64_t n_windows = 1;
  eval::Summary summary;
  std::vector<WorstPosition> worst;  ///< against the reference
};

/// Aligned lines for people.
std::string eval_text(const EvalReport& report);
/// One line: the object of docs/cli.md.
std::string eval_json(const EvalReport& report);

}  // namespace carat::cli
