#include "cli/term/styled_text.h"

#include <utility>

namespace carat::cli {

void StyledWriter::change_to(const TextStyle& style) {
  if (!colour_ || style == current_) return;
  current_ = style;
  out_ += "\x1b[0";
  if (style.bold) out_ += ";1";
  if (style.dim) out_ += ";2";
  if (style.italic) out_ += ";3";
  if (style.underline) out_ += ";4";
  if (style.strike) out_ += ";9";
  if (style.code) out_ += ";36";
  out_ += 'm';
}

void StyledWriter::put(const TextStyle& style, std::string_view text) {
  if (text.empty()) return;
  change_to(style);
  out_ += text;
}

void StyledWriter::put(const std::vector<StyledRun>& runs) {
  for (const StyledRun& run : runs) put(run.style, run.text);
}

void StyledWriter::newline() {
  reset();
  out_ += '\n';
}

void StyledWriter::reset() { change_to({}); }

std::string StyledWriter::take() { return std::exchange(out_, {}); }

}  // namespace carat::cli
