#include "cli/layer_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "cli/quantities.h"
#include "cli/term/text_width.h"

namespace carat::cli {
namespace {

using model::LayerConfig;
using model::ModelConfig;

std::string count(std::int64_t n) { return grouped(static_cast<std::uint64_t>(n)); }

/// Layers [first, end) that are drawn as one line.
struct Run {
  std::int64_t first = 0, end = 0;
  LayerConfig layer;                     ///< of the first
  bool owns = false, of_target = false;  ///< whose K/V: each its own, or the target's of a drafter, or layer.kv_layer's
};

/// A layer whose K/V others use, and the lines from it to the last of them.
struct Rail {
  std::int64_t donor = 0;
  std::size_t first_line = 0, last_line = 0;
};

bool is_donor(const ModelConfig& config, std::int64_t index) {
  for (std::int64_t i = 0; i < config.n_layers(); ++i) {
    if (i != index && config.layers[static_cast<std::size_t>(i)].kv_layer == index) return true;
  }
  return false;
}

bool looks_alike(const LayerConfig& a, const LayerConfig& b) {
  return a.sliding == b.sliding && a.window == b.window && a.n_heads == b.n_heads && a.n_kv_heads == b.n_kv_heads &&
         a.head_dim == b.head_dim && a.d_ff == b.d_ff && a.v_is_k == b.v_is_k;
}

std::vector<Run> runs_of(const ModelConfig& config) {
  std::vector<Run> runs;
  for (std::int64_t i = 0; i < config.n_layers(); ++i) {
    const LayerConfig& layer = config.layers[static_cast<std::size_t>(i)];
    Run run{i, i + 1, layer, layer.owns_kv(i), layer.kv_layer < 0};
    const bool joins =
        !runs.empty() && looks_alike(runs.back().layer, layer) && runs.back().owns == run.owns &&
        (run.owns ? !is_donor(config, i) && !is_donor(config, i - 1) : runs.back().layer.kv_layer == layer.kv_layer);
    if (joins) {
      runs.back().end = i + 1;
    } else {
      runs.push_back(run);
    }
  }
  return runs;
}

std::vector<Rail> rails_of(const std::vector<Run>& runs) {
  std::vector<Rail> rails;
  for (std::size_t line = 0; line < runs.size(); ++line) {
    if (runs[line].owns || runs[line].of_target) continue;
    const std::int64_t donor = runs[line].layer.kv_layer;
    const auto rail = std::find_if(rails.begin(), rails.end(), [&](const Rail& r) { return r.donor == donor; });
    if (rail != rails.end()) {
      rail->last_line = line;
      continue;
    }
    const auto from = std::find_if(runs.begin(), runs.end(), [&](const Run& r) { return r.first == donor; });
    if (from == runs.end()) continue;
    rails.push_back({donor, static_cast<std::size_t>(from - runs.begin()), line});
  }
  std::sort(rails.begin(), rails.end(), [](const Rail& a, const Rail& b) { return a.donor < b.donor; });
  return rails;
}

/// "──│─┐" from the donor, "◄─│─┤" to who shares, "  │ │" past the others.
std::string rail_cell(const std::vector<Rail>& rails, const std::vector<Run>& runs, std::size_t line) {
  const Run& run = runs[line];
  const auto mine = std::find_if(rails.begin(), rails.end(), [&](const Rail& rail) {
    return rail.first_line == line || (!run.owns && rail.donor == run.layer.kv_layer);
  });
  const bool joins = mine != rails.end();
  std::string cell = !joins ? "  " : mine->first_line == line ? "──" : "◄─";
  for (auto rail = rails.begin(); rail != rails.end(); ++rail) {
    const std::string_view between = joins && rail <= mine ? "─" : " ";  // a vector's iterators are in its order
    if (rail != rails.begin()) cell += between;
    if (joins && rail == mine) {
      cell += rail->first_line == line ? "┐" : rail->last_line == line ? "┘" : "┤";
    } else {
      cell += rail->first_line < line && line < rail->last_line ? "│" : between;
    }
  }
  return cell;
}

std::string range_text(const Run& run) {
  if (run.end - run.first == 1) return fmt::format("{}", run.first);
  return fmt::format("{}-{} ×{}", run.first, run.end - 1, run.end - run.first);
}

std::string attention_text(const LayerConfig& layer) {
  return layer.sliding ? fmt::format("░ sliding {}", count(layer.window)) : "█ full";
}

std::string kv_text(const Run& run) {
  if (run.of_target) return "the target's";
  if (!run.owns) return fmt::format("of layer {}", run.layer.kv_layer);
  return fmt::format("{} × {}{}", count(run.layer.n_kv_heads), count(run.layer.head_dim),
                     run.layer.v_is_k ? ", V is K" : "");
}

std::string feed_forward_text(const ModelConfig& config, const LayerConfig& layer) {
  std::string text = count(layer.d_ff);
  if (config.n_experts > 0) {
    text += fmt::format(" and {} of {} experts of {}", count(config.top_k_experts), count(config.n_experts),
                        count(config.expert_d_ff));
  }
  if (config.ple_dim > 0) text += fmt::format(", layer embedding {}", count(config.ple_dim));
  return text;
}

constexpr std::size_t kColumns = 6;
using Cells = std::array<std::string, kColumns>;

std::string line_of(const Cells& cells, const std::array<int, kColumns>& widths, std::string_view spine) {
  std::string line = fmt::format("  {}", spine);
  for (std::size_t i = 0; i < kColumns; ++i) {
    if (widths[i] == 0) continue;
    line += cells[i] + std::string(static_cast<std::size_t>(widths[i] - display_width(cells[i]) + 2), ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string layer_drawing(const ModelConfig& config) {
  const std::vector<Run> runs = runs_of(config);
  const std::vector<Rail> rails = rails_of(runs);
  std::vector<Cells> lines = {{"", "attention", "heads", "K/V", "", "feed-forward"}};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const LayerConfig& layer = runs[i].layer;
    lines.push_back({range_text(runs[i]), attention_text(layer),
                     fmt::format("{} × {}", count(layer.n_heads), count(layer.head_dim)), kv_text(runs[i]),
                     rails.empty() ? "" : rail_cell(rails, runs, i), feed_forward_text(config, layer)});
  }
  std::array<int, kColumns> widths{};
  for (const Cells& cells : lines) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], display_width(cells[i]));
  }
  std::string text = fmt::format("  tokens, each {} numbers\n", count(config.d_model));
  for (std::size_t i = 0; i < lines.size(); ++i) text += line_of(lines[i], widths, i == 0 ? "│  " : "├─ ");
  text += fmt::format("  └─ logits of {} tokens", count(config.vocab_size));
  if (config.final_logit_softcap > 0) text += fmt::format(", capped at {}", config.final_logit_softcap);
  return text + "\n";
}

}  // namespace carat::cli
