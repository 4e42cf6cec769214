// SPDX-License-Identifier: BSD-3-Clause
// Text in columns.
#pragma once

#include <string>
#include <vector>

namespace chos {

class Table {
 public:
  explicit Table(std::vector<std::string> head);

  void add(std::vector<std::string> row);  ///< as many cells as the head has; they are escaped()
  bool empty() const { return rows_.size() == 1; }
  std::string text() const;  ///< the head and the rows, without blanks at the ends of lines

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace chos
