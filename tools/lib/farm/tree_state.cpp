// SPDX-License-Identifier: BSD-3-Clause
#include "farm/tree_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "basic/files.h"
#include "basic/replace_file.h"
#include "basic/text.h"

namespace chos {

TreeState TreeStates::of(const OsEntry& entry) const {
  const auto found = states_.find(entry.name);
  return found == states_.end() ? TreeState() : found->second;
}

void TreeStates::set(const OsEntry& entry, TreeState state) {
  auto& there = states_[entry.name];
  if (state.problem.empty()) state.problem = std::move(there.problem);
  there = std::move(state);
}

void TreeStates::set_problem(const Allowlist& list, const OsEntry& entry, const std::string& problem) {
  for (const auto& other : list.entries())
    if (other.path == entry.path) states_[other.name].problem = problem;
}

Allowlist TreeStates::for_kernel(const Allowlist& list) const {
  std::vector<OsEntry> entries;
  for (const auto& entry : list.entries()) entries.push_back(chos::for_kernel(entry, of(entry)));
  return Allowlist(std::move(entries));
}

OsEntry for_kernel(OsEntry entry, const TreeState& state) {
  entry.closed = entry.closed || state.missing || !state.problem.empty();
  return entry;
}

TreeProblems problems_of(const Allowlist& list, const TreeStates& states) {
  TreeProblems problems;
  for (const auto& entry : list.entries())
    if (auto problem = states.of(entry).problem; !problem.empty()) problems[entry.name] = std::move(problem);
  return problems;
}

std::string problems_text(const TreeProblems& problems) {
  if (problems.empty()) return {};
  std::vector<std::string> names;
  for (const auto& [name, problem] : problems) names.push_back(name);
  return std::to_string(names.size()) +
         (names.size() == 1 ? " OS is closed because its tree cannot be prepared: "
                            : " OSs are closed because their trees cannot be prepared: ") +
         listed(names);
}

// One a line: the name, a tab, the problem with what a terminal might act on escaped.
Status write_problems(const std::string& file, const TreeProblems& problems) {
  if (problems.empty()) {
    if (::unlink(file.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
    return system_error("cannot remove " + file, errno);
  }
  std::string text;
  for (const auto& [name, problem] : problems) text += name + "\t" + escaped(problem) + "\n";
  const auto slash = file.rfind('/');
  const UniqueFd directory(::open(file.substr(0, slash).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error("cannot open " + file.substr(0, slash), errno);
  return replace_in(directory.get(), file.substr(slash + 1), text, -1, file);
}

TreeProblems read_problems(const std::string& file) {
  constexpr std::size_t largest = 16 * 1024 * 1024;
  TreeProblems problems;
  const auto text = read_file(file, largest);
  if (!text) return problems;
  for (const auto line : split(*text, '\n')) {
    const auto tab = line.find('\t');
    if (tab != std::string_view::npos) problems[std::string(line.substr(0, tab))] = line.substr(tab + 1);
  }
  return problems;
}

std::string describe_state(const OsEntry& entry, const TreeState& state) {
  if (!state.out_of_reach()) return describe_state(entry);
  std::string access = entry.closed ? "closed" : entry.groups.empty() ? "open" : "";
  if (!state.problem.empty()) access = entry.closed ? "closed, tree unusable" : "tree unusable";
  if (state.missing && !entry.closed) access = state.silent ? "" : "no tree";
  if (state.silent) access += access.empty() ? "server does not answer" : ", server does not answer";
  return describe_state(entry, access);
}

}  // namespace chos
