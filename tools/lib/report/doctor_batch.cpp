// SPDX-License-Identifier: BSD-3-Clause
#include "report/doctor_batch.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "basic/child_work.h"
#include "basic/files.h"
#include "basic/text.h"
#include "batch/registry.h"
#include "config/config.h"
#include "farm/layout.h"
#include "farm/os_path.h"

namespace chos {
namespace {

using Level = Finding::Level;

bool is_there(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

// The names of the OSs that show something else than the base OS, or nothing, at the path.
std::vector<std::string> oses_without(const Node& node, const Allowlist& list, const TreeStates& trees,
                                      const std::string& path, const std::string& in_base) {
  std::vector<std::string> names;
  const auto layout = wanted_layout(node.config, Servers::of_node());
  for (const OsEntry* entry : trees_of(list)) {
    // A missing farm or tree is found by other parts of doctor.
    if (trees.of(*entry).silent || !is_there(node.config.farm + entry->path)) continue;
    const auto seen = path_in_os(node.config, layout, *entry, path);
    if (!seen || !same_file(*seen, in_base)) names.push_back(entry->name);
  }
  return names;
}

void examine_state(const BatchSystem& system, const BatchState& state, Findings& out) {
  const std::string subject = "batch " + system.name();
  switch (state.what) {
    case BatchState::What::absent: return;
    case BatchState::What::not_enabled:
      out.push_back({Level::info, subject, "jobs of " + system.title() + " run in the base OS",
                     "if they are to run in OSs: chosctl batch enable " + system.name()});
      return;
    case BatchState::What::enabled:
      out.push_back(
          {Level::info, subject, "jobs of " + system.title() + " run in OSs: " + listed(state.where), ""});
      return;
    case BatchState::What::partly:
      out.push_back({Level::warning, subject, state.problem, "run: chosctl batch enable " + system.name()});
      return;
    case BatchState::What::other:
      out.push_back({Level::warning, subject,
                     state.problem + ", so jobs of " + system.title() + " do not run in OSs",
                     "see: chosctl batch status " + system.name()});
      return;
    case BatchState::What::unclear: break;
  }
  out.push_back({Level::info, subject,
                 "whether jobs of " + system.title() + " run in OSs is not known: " + state.problem, ""});
}

void examine_system(const Node& node, const Allowlist& list, const TreeStates& trees, const BatchNode& where,
                    BatchSystem& system, Findings& out) {
  const auto state = system.state({});
  examine_state(system, state, out);
  if (state.what != BatchState::What::enabled && state.what != BatchState::What::partly) return;
  for (const auto& trap : system.traps())
    out.push_back({Level::warning, "batch " + system.name(), trap, "see chosctl(8)"});
  for (const auto& place : system.places()) {
    if (!is_there(where.path(place.path))) continue;
    const auto names = oses_without(node, list, trees, place.path, where.path(place.path));
    if (names.empty()) continue;
    out.push_back(
        {Level::error, "batch " + system.name(),
         place.what + " of " + system.title() + ", " + place.path + ", is not visible in " + listed(names),
         "add it to [share] in " + std::string(config_path) +
             ", make it in the trees, "
             "and run: chosctl reload"});
  }
}

// Serializes findings, separated by NULs, which they do not contain.
std::string as_text(const Findings& findings) {
  std::string text;
  for (const auto& finding : findings) {
    text += std::to_string(static_cast<int>(finding.level));
    for (const auto& part : {finding.subject, finding.what, finding.remedy}) {
      text += '\0';
      text += part;
    }
    text += '\0';
  }
  return text;
}

Findings from_text(const std::string& text) {
  const auto parts = split(text, '\0');
  Findings out;
  for (std::size_t i = 0; i + 4 <= parts.size(); i += 4)
    out.push_back({static_cast<Level>(std::atoi(std::string(parts[i]).c_str())), std::string(parts[i + 1]),
                   std::string(parts[i + 2]), std::string(parts[i + 3])});
  return out;
}

// The finding if the examination itself failed.
Finding not_examined(const BatchSystem& system, const Error& why, int seconds) {
  const std::string subject = "batch " + system.name();
  const std::string what = "could not find out whether jobs of " + system.title() + " run in OSs";
  if (why.code != ETIMEDOUT) return {Level::error, subject, what + ": " + why.what, why.remedy};
  return {Level::error, subject, what + " within " + std::to_string(seconds) + " s",
          "is the server up that its configuration lies on, or its daemon?"};
}

}  // namespace

void examine_batch_in_child(const Node& node, const Allowlist& list, const TreeStates& trees, int seconds,
                            Findings& out) {
  BatchNode where;
  where.patience = 5;  // seconds to wait for a daemon
  for (const auto& name : batch_names()) {
    const auto system = batch_system(name, where);
    const auto text = do_in_child(
        [&] {
          Findings found;
          examine_system(node, list, trees, where, *system, found);
          return as_text(found);
        },
        seconds, static_cast<int>(where.patience) + 1);
    const auto found = text ? from_text(*text) : Findings{not_examined(*system, text.error(), seconds)};
    out.insert(out.end(), found.begin(), found.end());
  }
}

void examine_batch(const Node& node, const Allowlist& list, const TreeStates& trees, const BatchNode& where,
                   Findings& out) {
  for (const auto& name : batch_names())
    examine_system(node, list, trees, where, *batch_system(name, where), out);
}

}  // namespace chos
