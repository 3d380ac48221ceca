#include "cli/term/text_width.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <vector>

#include "base/utf8.h"

namespace carat::cli {

struct Utf8Locale::Handle {
  locale_t ours;
  locale_t before;
};

Utf8Locale::Utf8Locale() : handle_(nullptr) {
  const locale_t ours = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (ours == nullptr) return;
  handle_ = new Handle{ours, uselocale(ours)};
}

Utf8Locale::~Utf8Locale() {
  if (handle_ == nullptr) return;
  uselocale(handle_->before);
  freelocale(handle_->ours);
  delete handle_;
}

namespace {

/// REQUIRES: a Utf8Locale lives.
int columns_of(char32_t c) {
  // What the C library does not know is most likely newer than it: one column.
  return c < 0x7F ? 1
                  : std::max(0, c < 0xA0                               ? 0
                                : wcwidth(static_cast<wchar_t>(c)) < 0 ? 1
                                                                       : wcwidth(static_cast<wchar_t>(c)));
}

struct Column {
  std::size_t begin;  ///< byte
  int width;
};

std::vector<Column> columns_in(std::string_view text) {
  const Utf8Locale utf8;
  std::vector<Column> columns;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    columns.push_back({i, c.length == 0 ? 1 : columns_of(c.value)});
    i += std::max<std::size_t>(c.length, 1);
  }
  return columns;
}

int sum(const std::vector<Column>& columns) {
  int width = 0;
  for (const Column& c : columns) width += c.width;
  return width;
}

}  // namespace

int display_width(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; })) {
    return static_cast<int>(text.size());
  }
  return sum(columns_in(text));
}

std::string cut_to_width(std::string_view text, int columns) {
  if (display_width(text) <= columns) return std::string(text);
  int width = 0;
  for (const Column& c : columns_in(text)) {
    if (width + c.width > columns - 1) return std::string(text.substr(0, c.begin)) + (columns > 0 ? "…" : "");
    width += c.width;
  }
  return std::string(text);
}

std::string end_of_width(std::string_view text, int columns) {
  const std::vector<Column> all = columns_in(text);
  int width = sum(all);
  for (const Column& c : all) {
    if (width <= columns) return std::string(text.substr(c.begin));
    width -= c.width;
  }
  return {};
}

}  // namespace carat::cli
