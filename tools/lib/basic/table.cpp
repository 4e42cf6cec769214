// SPDX-License-Identifier: BSD-3-Clause
#include "basic/table.h"

#include <algorithm>

#include "basic/text.h"

namespace chos {

Table::Table(std::vector<std::string> head) : rows_{std::move(head)} {}

void Table::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  for (auto& cell : row) cell = escaped(cell);
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size(), ' ');
      if (i + 1 < row.size()) line += widths[i] == 0 ? "" : widths[i] == 1 ? " " : "  ";
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

}  // namespace chos
