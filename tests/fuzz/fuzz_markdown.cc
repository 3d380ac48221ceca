// Any text as an answer shown on a terminal: the bytes do not depend on how it was cut, and hold no control characters
// but newlines, tabs and the colours that the view itself writes. The first byte chooses width and cuts.
#include <string>

#include "cli/term/markdown_view.h"
#include "fuzz/target.h"

namespace carat::fuzz {
namespace {

std::string shown(std::string_view text, const cli::MarkdownView::Options& options, std::uint32_t cuts) {
  cli::MarkdownView view(options);
  std::string out;
  while (!text.empty()) {
    cuts = cuts * 1664525 + 1013904223;
    std::size_t n = cuts == 0 ? text.size() : 1 + (cuts >> 24) % 16;
    n = std::min(n, text.size());
    while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) ++n;  // between characters
    out += view.push(text.substr(0, n));
    text.remove_prefix(n);
  }
  return out + view.finish();
}

void check_harmless(std::string_view shown, bool colour) {
  CARAT_CHECK(is_valid_utf8(shown));
  for (std::size_t at = 0; at < shown.size();) {
    const CodePoint c = decode_utf8(shown, at);
    if (c.value == 0x1B) {  // ESC [ digits and ; m, nothing else
      CARAT_CHECK(colour && at + 1 < shown.size() && shown[at + 1] == '[');
      at = shown.find_first_not_of("0123456789;", at + 2);
      CARAT_CHECK(at != std::string_view::npos && shown[at] == 'm');
      ++at;
      continue;
    }
    CARAT_CHECK(c.value >= 0x20 || c.value == '\n' || c.value == '\t');
    CARAT_CHECK(c.value < 0x7F || c.value > 0x9F);
    at += c.length;
  }
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  if (size == 0) return 0;
  const std::string text = carat::replace_invalid_utf8(as_text(data + 1, size - 1));  // as a detokenizer gives it
  for (const bool colour : {true, false}) {
    const carat::cli::MarkdownView::Options options = {.colour = colour, .columns = 8 + data[0] % 120};
    const std::string whole = shown(text, options, 0);
    check_harmless(whole, colour);
    CARAT_CHECK(shown(text, options, data[0] | 256u) == whole);
  }
  return 0;
}
