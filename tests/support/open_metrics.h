// SPDX-License-Identifier: BSD-3-Clause
// A strict parser of OpenMetrics texts with gauges and counters.
#pragma once

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace chos::test {

struct Metrics {
  std::string problem;                        ///< of the first invalid line; empty if there is none
  std::map<std::string, std::string> types;   ///< by family
  std::map<std::string, std::string> series;  ///< values by name and labels, as in the text
};

/// Parses a whole text, up to its # EOF.
inline Metrics read_metrics(const std::string& text) {
  Metrics out;
  std::istringstream lines(text);
  std::string line, family, type;
  std::set<std::string> described;
  bool eof = false, sampled = false;
  const std::string name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
  const std::string label = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\n\"])*\"";
  const std::regex comment("# (TYPE|UNIT|HELP) (" + name + ") (.*)");
  const std::regex sample("(" + name + ")(\\{" + label + "(?:," + label + ")*\\})? ([0-9]+)");
  const auto bad = [&out, &line](const std::string& why) {
    if (out.problem.empty()) out.problem = why + ": " + line;
  };
  if (!text.ends_with('\n')) bad("there is no newline at the end");
  while (std::getline(lines, line)) {
    std::smatch part;
    if (eof) bad("there is a line after # EOF");
    if (line == "# EOF") {
      eof = true;
    } else if (std::regex_match(line, part, comment)) {
      if (part[2] != family) {
        if (!described.insert(part[2]).second) bad("the lines of the family are not contiguous");
        family = part[2];
        type.clear();
        sampled = false;
      } else if (sampled) {
        bad("a comment after samples of the family");
      }
      if (part[1] == "TYPE") {
        if (!type.empty()) bad("a second TYPE");
        type = part[3];
        if (type != "gauge" && type != "counter") bad("unknown type");
        if (family.ends_with("_total")) bad("the family has the suffix of a counter's sample");
        out.types[family] = type;
      }
      if (part[1] == "UNIT" && !family.ends_with("_" + part[3].str())) bad("the unit does not match the name");
    } else if (std::regex_match(line, part, sample)) {
      sampled = true;
      if (part[1] != family + (type == "counter" ? "_total" : "")) bad("a sample of another family");
      if (!out.series.emplace(part[1].str() + part[2].str(), part[3]).second) bad("a duplicate sample");
    } else {
      bad("neither a comment nor a sample");
    }
  }
  if (!eof) bad("# EOF is missing");
  return out;
}

}  // namespace chos::test
