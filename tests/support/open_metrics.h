// SPDX-License-Identifier: BSD-3-Clause
// A reader of OpenMetrics texts that insists on what the format says of gauges and counters.
#pragma once

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace chos::test {

struct Exposed {
  std::string problem;                        ///< of the first bad line; empty: all is well
  std::map<std::string, std::string> types;   ///< by family
  std::map<std::string, std::string> series;  ///< value by name and labels, as written
};

inline Exposed read_metrics(const std::string& text) {
  Exposed out;
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
  if (!text.ends_with('\n')) bad("no newline at the end");
  while (std::getline(lines, line)) {
    std::smatch part;
    if (eof) bad("something after # EOF");
    if (line == "# EOF") {
      eof = true;
    } else if (std::regex_match(line, part, comment)) {
      if (part[2] != family) {
        if (!described.insert(part[2]).second) bad("the family is not in one piece");
        family = part[2];
        type.clear();
        sampled = false;
      } else if (sampled) {
        bad("a description after samples");
      }
      if (part[1] == "TYPE") {
        if (!type.empty()) bad("a second TYPE");
        type = part[3];
        if (type != "gauge" && type != "counter") bad("another type");
        if (family.ends_with("_total")) bad("a family with the suffix of a counter");
        out.types[family] = type;
      }
      if (part[1] == "UNIT" && !family.ends_with("_" + part[3].str())) bad("not its unit");
    } else if (std::regex_match(line, part, sample)) {
      sampled = true;
      if (part[1] != family + (type == "counter" ? "_total" : "")) bad("not of its family");
      if (!out.series.emplace(part[1].str() + part[2].str(), part[3]).second) bad("twice");
    } else {
      bad("neither a comment nor a sample");
    }
  }
  if (!eof) bad("no # EOF");
  return out;
}

}  // namespace chos::test
