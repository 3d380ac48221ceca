#include "cli/reference/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/page.h"
#include "cli/reference/schema_fields.h"
#include "cli/version.h"

namespace carat::cli {
namespace {

/// Text that roff prints as it stands: its escape character, and control characters at the start of a line.
std::string literal(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";  // a minus that can be copied, not a hyphen
    } else {
      out += c;
    }
  }
  return out;
}

/// `code` and **strong** in bold.
std::string inline_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t code = text.find('`');
    const std::size_t strong = text.find("**");
    const std::size_t mark = std::min(code, strong);
    const std::string_view fence = mark == std::string_view::npos ? "" : mark == code ? "`" : "**";
    const std::size_t begin = mark + fence.size();
    const std::size_t end = fence.empty() ? std::string_view::npos : text.find(fence, begin);
    if (end == std::string_view::npos) return out + literal(text);
    out += fmt::format("{}\\fB{}\\fR", literal(text.substr(0, mark)), literal(text.substr(begin, end - begin)));
    text.remove_prefix(end + fence.size());
  }
  return out;
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

std::string heading(std::string_view title) { return fmt::format(".SH {}\n", literal(upper_case(title))); }

std::string tagged(const std::string& tag, const std::string& text) { return fmt::format(".TP\n{}\n{}\n", tag, text); }

/// "| a | b\| c |": its cells.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells{""};
  line.remove_prefix(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cells.back() += line[++i];
    } else if (line[i] == '|') {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
    }
  }
  cells.pop_back();  // behind the last bar
  for (std::string& cell : cells) {
    const std::size_t begin = std::min(cell.find_first_not_of(' '), cell.size());
    cell = cell.substr(begin, cell.find_last_not_of(' ') + 1 - begin);
  }
  return cells;
}

/// The first cell as the tag of the others.
std::string table_row(std::string_view line) {
  const std::vector<std::string> cells = cells_of(line);
  std::vector<std::string> rest;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    if (!cells[i].empty()) rest.push_back(inline_text(cells[i]));
  }
  return tagged(cells.empty() ? "" : inline_text(cells[0]), fmt::format("{}", fmt::join(rest, "; ")));
}

bool is_rule(std::string_view line) { return line.starts_with("| ---") || line.starts_with("|---"); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string header(std::string_view title) {
  return fmt::format(".TH {} 1 \"\" \"carat {}\" \"carat\"\n", literal(title), version());
}

std::string options_section(const std::string& title, const std::vector<OptionReference>& options) {
  if (options.empty()) return "";
  std::string text = heading(title);
  for (const OptionReference& option : options) {
    std::string tag;
    for (const std::string& name : option.names)
      tag += fmt::format("{}\\fB{}\\fR", tag.empty() ? "" : ", ", literal(name));
    if (!option.value.empty()) tag += fmt::format(" \\fI{}\\fR", literal(option.value));
    if (option.repeated) tag += "...";
    std::string help = literal(option.help);
    if (!option.default_value.empty()) help += literal(fmt::format(" (default {})", option.default_value));
    text += tagged(tag, help);
  }
  return text;
}

}  // namespace

std::string man_of_markdown(std::string_view markdown) {
  // Headings begin a paragraph by themselves.
  enum class Place { kHeading, kParagraph, kBetween, kTable, kCode } place = Place::kHeading;
  std::string out;
  for (const std::string_view line : lines_of(markdown)) {
    if (line.starts_with("```")) {
      out += place == Place::kCode ? ".fi\n.RE\n" : ".PP\n.RS 4\n.nf\n";
      place = place == Place::kCode ? Place::kBetween : Place::kCode;
    } else if (place == Place::kCode) {
      out += literal(line) + "\n";
    } else if (line.starts_with("|")) {
      const bool title = place != Place::kTable;
      place = Place::kTable;
      const std::string row = table_row(line);
      if (!is_rule(line) && !(title && row.ends_with("\n\n"))) out += row;  // a title without words
    } else if (line.empty()) {
      if (place != Place::kHeading) place = Place::kBetween;
    } else if (line.starts_with("#")) {
      out += fmt::format(".SS {}\n", inline_text(line.substr(std::min(line.find_first_not_of("# "), line.size()))));
      place = Place::kHeading;
    } else if (line.starts_with("- ") || line.starts_with("* ")) {
      out += fmt::format(".IP \\(bu 2\n{}\n", inline_text(line.substr(2)));
      place = Place::kParagraph;
    } else {
      if (place == Place::kBetween || place == Place::kTable) out += ".PP\n";
      out += inline_text(line) + "\n";
      place = Place::kParagraph;
    }
  }
  return out;
}

std::string man_page(const CommandReference& command) {
  std::string text = header(fmt::format("CARAT-{}", upper_case(command.name)));
  text += heading("Name") + literal(fmt::format("carat-{}", command.name)) + " \\- " + literal(command.help) + "\n";
  text += heading("Synopsis") + fmt::format("\\fB{}\\fR\n", literal(command.usage));
  if (!command.prose.empty()) text += heading("Description") + man_of_markdown(command.prose);
  text += options_section("Arguments", command.arguments);
  for (const OptionGroup& group : command.options) text += options_section(group.title, group.options);
  if (!command.schema.empty()) {
    text += heading("JSON") + literal(schema_description(command.schema)) + "\n";
    for (const SchemaField& field : schema_fields(command.schema)) {
      text += tagged(fmt::format("\\fB{}\\fR ({})", literal(field.path), literal(field.type)), literal(field.help));
    }
  }
  if (!command.examples.empty()) text += heading("Examples") + ".nf\n" + literal(command.examples) + "\n.fi\n";
  return text + heading("See also") + "\\fBcarat\\fR(1), which has the exit codes and the environment\n";
}

std::string man_overview() {
  const PageParts general = split_page(page_of("carat").markdown);
  std::string text = header("CARAT");
  text += heading("Name") + "carat \\- runs the Gemma 4 family on your own machine\n";
  text += heading("Synopsis") + "\\fBcarat\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n";
  text += heading("Commands");
  for (const CommandReference& command : program_reference()) {
    text += tagged(fmt::format("\\fBcarat\\-{}\\fR(1)", literal(command.name)), literal(command.help));
  }
  text += heading("Description") + man_of_markdown(general.prose);
  return text + heading("Examples") + ".nf\n" + literal(general.examples) + "\n.fi\n";
}

}  // namespace carat::cli
