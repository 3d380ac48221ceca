#include "cli/term/markdown_table.h"

#include <algorithm>

#include "base/text.h"
#include "cli/term/markdown_inline.h"
#include "cli/term/text_width.h"

namespace carat::cli {
namespace {

enum class Align { kLeft, kCentre, kRight };

struct Cell {
  std::vector<StyledRun> runs;
  int width = 0;
};
using Row = std::vector<Cell>;

constexpr std::string_view kBlanks = " \t";

/// The texts between bars. A bar behind a backslash or inside `code` separates nothing.
std::vector<std::string> split(std::string_view line) {
  line = trim(line, kBlanks);
  if (line.starts_with('|')) line.remove_prefix(1);
  std::vector<std::string> cells(1);
  bool in_code = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cells.back() += line[++i];
      continue;
    }
    if (line[i] == '`') in_code = !in_code && line.find('`', i + 1) != std::string_view::npos;
    if (line[i] == '|' && !in_code) {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
    }
  }
  if (trim(cells.back(), kBlanks).empty() && cells.size() > 1) cells.pop_back();  // behind the last bar
  for (std::string& cell : cells) cell = std::string(trim(cell, kBlanks));
  return cells;
}

Row read_row(std::string_view line, const TextStyle& style, bool marks) {
  Row row;
  for (const std::string& text : split(line)) {
    Cell cell{marks ? std::vector<StyledRun>{{style, text}} : markdown_runs(text, style)};
    for (const StyledRun& run : cell.runs) cell.width += display_width(run.text);
    row.push_back(std::move(cell));
  }
  return row;
}

void write_cell(const Cell& cell, int width, Align align, bool last, StyledWriter& out) {
  const int gap = std::max(0, width - cell.width);
  const int before = align == Align::kRight ? gap : align == Align::kCentre ? gap / 2 : 0;
  out.put({}, std::string(static_cast<std::size_t>(before), ' '));
  out.put(cell.runs);
  if (!last) out.put({}, std::string(static_cast<std::size_t>(gap - before), ' '));
}

/// Each cell on a line of its own, behind its column's title.
void write_records(const Row& head, const std::vector<Row>& rows, StyledWriter& out) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (r > 0) out.newline();
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      if (c < head.size() && head[c].width > 0) {
        out.put(head[c].runs);
        out.put({}, ": ");
      }
      out.put(rows[r][c].runs);
      out.newline();
    }
  }
}

}  // namespace

bool is_table_rule(std::string_view line) {
  if (line.find('-') == std::string_view::npos) return false;
  for (const std::string& cell : split(line)) {
    std::string_view dashes = cell;
    if (dashes.starts_with(':')) dashes.remove_prefix(1);
    if (dashes.ends_with(':')) dashes.remove_suffix(1);
    if (dashes.empty() || dashes.find_first_not_of('-') != std::string_view::npos) return false;
  }
  return true;
}

void write_table(const std::vector<std::string>& lines, int columns, bool marks, StyledWriter& out) {
  const Row head = read_row(lines[0], {.bold = true}, marks);
  std::vector<Align> aligns;
  for (const std::string& cell : split(lines[1])) {
    const bool right = cell.ends_with(':'), left = cell.starts_with(':');
    aligns.push_back(right && left ? Align::kCentre : right ? Align::kRight : Align::kLeft);
  }
  std::vector<Row> rows;
  for (std::size_t i = 2; i < lines.size(); ++i) rows.push_back(read_row(lines[i], {}, marks));

  std::vector<int> widths;
  const auto widen = [&](const Row& row) {
    if (widths.size() < row.size()) widths.resize(row.size(), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].width);
  };
  widen(head);
  for (const Row& row : rows) widen(row);
  aligns.resize(widths.size(), Align::kLeft);
  int total = 0;
  for (const int width : widths) total += width + 3;  // " │ " between them
  if (total - 3 > columns && !rows.empty()) return write_records(head, rows, out);

  const auto write_row = [&](const Row& row) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) out.put({.dim = true}, " │ ");
      write_cell(row[c], widths[c], aligns[c], c + 1 == row.size(), out);
    }
    out.newline();
  };
  write_row(head);
  std::string rule;
  for (std::size_t c = 0; c < widths.size(); ++c) {
    if (c > 0) rule += "─┼─";
    for (int i = 0; i < widths[c]; ++i) rule += "─";
  }
  out.put({.dim = true}, rule);
  out.newline();
  for (const Row& row : rows) write_row(row);
}

}  // namespace carat::cli
