#pragma once

#include <string>
#include <vector>

namespace carat::cli {

/// Rows of text in aligned columns, two blanks apart, for people.
///
///     Table table({{"type", Table::kLeft}, {"bytes", Table::kRight}});
///     table.add({"Q4_0", grouped(1024)});
///     write_stdout(table.to_string());
class Table {
 public:
  enum Alignment { kLeft, kRight };
  struct Column {
    std::string title;
    Alignment alignment;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// REQUIRES: one cell for each column.
  void add(std::vector<std::string> cells);
  /// Titles, rows, each line indented by two blanks and without trailing ones. Widths count code points.
  std::string to_string() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace carat::cli
