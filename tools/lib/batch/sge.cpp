// SPDX-License-Identifier: BSD-3-Clause
// No header of its own: systems.h declares what makes it.
// Grid Engine: the starter_method of queues, set by qconf(1), and -v CHOS for all submissions.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

#include "basic/text.h"
#include "batch/config_text.h"
#include "batch/steps.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* starter_name = "chos_sge_starter";

bool is_starter(const std::string& path) { return last_part(path) == starter_name; }

// A line of sge_request: -v with CHOS in its list, or -V.
LineMeaning classify_request(std::string_view line) {
  const auto words = config_words(line);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-V") return LineMeaning::same;
    if (words[i] != "-v" || i + 1 == words.size()) continue;
    for (const auto variable : split(words[i + 1], ','))
      if (variable.substr(0, variable.find('=')) == "CHOS") return LineMeaning::same;
  }
  return LineMeaning::unrelated;
}

bool is_queue_name(const std::string& name) {
  return !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

class GridEngine : public BatchSystem {
 public:
  explicit GridEngine(const BatchNode& node) : BatchSystem("sge", "Grid Engine", node) {}

  Result<BatchPlan> enable(const BatchOptions& options) override {
    const auto directory = find(options);
    if (!directory) return directory.error();
    const auto starter = node_.installed_program(starter_name);
    if (!starter) return starter.error();
    const auto queues = queues_of(options);
    if (!queues) return queues.error();
    auto line = put_line(node_, name(), request_file(*directory), "-v CHOS", classify_request);
    if (!line) return line.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*line));
    for (const auto& queue : *queues) {
      const auto now = starter_of(queue);
      if (!now) return now.error();
      if (now->find('[') != std::string::npos || (*now != "NONE" && !is_starter(*now) && !options.force))
        return Error{"the queue " + queue + " already has a starter_method: " + in_quotes(*now),
                     now->find('[') != std::string::npos
                         ? "it differs by host; set it by hand: qconf -mq " + queue
                         : "make that program call " + *starter + "; or, if nobody needs it, use --force",
                     EEXIST};
      const std::string before = *now, path = *starter;
      BatchStep step{"queue " + queue,
                     before != path,
                     (before == path ? "already starts jobs through " : "starts jobs through ") + path,
                     {}};
      step.act = [this, queue, before, path]() -> Status {
        if (auto status = save(queue, before); !status) return status;
        return set_starter(queue, path);
      };
      plan.steps.push_back(std::move(step));
    }
    plan.next = {"check, from inside an OS: echo 'cat /proc/chos/setchos' | qsub -cwd"};
    return plan;
  }

  Result<BatchPlan> disable(const BatchOptions& options) override {
    const auto directory = find(options);
    if (!directory) return directory.error();
    const auto queues = queues_of(options);
    if (!queues) return queues.error();
    BatchPlan plan;
    for (const auto& queue : *queues) {
      const auto now = starter_of(queue);
      if (!now) return now.error();
      const bool ours = is_starter(*now);
      const std::string before = ours ? saved(queue) : "";
      BatchStep step{"queue " + queue,
                     ours,
                     ours ? "starter_method set back to " + before
                          : "does not use " + std::string(starter_name) + "; nothing to do",
                     {}};
      step.act = [this, queue, before]() -> Status {
        if (auto status = set_starter(queue, before); !status) return status;
        forget_value(node_, saved_name(queue));
        return {};
      };
      plan.steps.push_back(std::move(step));
    }
    const auto others = others_with_starter(options, *queues);
    if (!others) return others.error();
    if (!others->empty()) {
      plan.steps.push_back({request_file(*directory), false, "kept for " + listed(*others), {}});
      return plan;
    }
    auto line = drop_line(node_, name(), request_file(*directory), classify_request);
    // Somebody may want a -v CHOS that was written by hand; without a starter it has no effect.
    if (!line && line.error().code == EEXIST) plan.warnings.push_back(line.error().what + "; left as it is");
    else if (!line) return line.error();
    else plan.steps.push_back(std::move(*line));
    return plan;
  }

  BatchState state(const BatchOptions& options) override {
    BatchState state;
    const auto directory = find(options);
    if (!directory) return state;
    state.what = BatchState::What::unclear;
    const auto queues = queues_of(options);
    if (!queues) {
      state.problem = queues.error().what;
      return state;
    }
    std::vector<std::string> without, with;
    for (const auto& queue : *queues) {
      const auto now = starter_of(queue);
      if (!now) {
        state.problem = now.error().what;
        return state;
      }
      (is_starter(*now) ? with : without).push_back(queue);
    }
    const auto request = line_state(name(), request_file(*directory), classify_request);
    const bool passed_on = request.what == BatchState::What::enabled;
    state.what = BatchState::What::not_enabled;
    if (with.empty()) return state;
    state.where = request.where;
    for (const auto& queue : with) state.where.push_back("queue " + queue);
    state.by_hand = request.by_hand;
    state.what = without.empty() && passed_on ? BatchState::What::enabled : BatchState::What::partly;
    if (!passed_on) state.problem = "CHOS is not passed on: no -v CHOS in sge_request";
    else if (!without.empty())
      state.problem = "not enabled for " + listed(without) + ", whose jobs run in the base OS";
    return state;
  }

  std::vector<BatchPlace> places() override {
    std::vector<BatchPlace> places;
    // Jobs read the cell's settings.sh in SGE_ROOT.
    if (const auto directory = find({})) {
      const std::string cell = directory->substr(0, directory->rfind("/common"));
      places.push_back({"SGE_ROOT", cell.substr(0, cell.rfind('/'))});
    }
    // The host's own configuration takes precedence over the global one.
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    std::string spool = spool_of({"-sconf", host});
    if (spool.empty()) spool = spool_of({"-sconf"});
    if (spool.empty()) spool = "/var/spool/gridengine/execd";
    places.push_back({"execd_spool_dir", spool});
    return places;
  }

 private:
  // The directory of sge_request.
  Result<std::string> find(const BatchOptions& options) const {
    std::vector<std::string> candidates{options.directory};
    if (options.directory.empty()) {
      const char* root = std::getenv("SGE_ROOT");
      const char* cell = std::getenv("SGE_CELL");
      const std::string in_root = std::string("/") + (cell == nullptr ? "default" : cell) + "/common";
      if (root != nullptr) candidates = {root + in_root};
      else
        candidates = {"/var/lib/gridengine" + in_root, "/usr/share/gridengine" + in_root,
                      "/opt/sge" + in_root};
    }
    for (const auto& candidate : candidates)
      if (node_.has_directory(candidate)) return candidate;
    return Error{"there is no directory " + listed(candidates),
                 "set SGE_ROOT and SGE_CELL, or name the directory of sge_request: --directory DIR", ENOENT};
  }
  std::string request_file(const std::string& directory) const {
    return node_.path(directory) + "/sge_request";
  }

  // The value in "NAME   value", which may be continued after a backslash at the end of a line.
  static std::string value_of(const std::string& text, const std::string& key) {
    std::string joined = text;
    for (auto at = joined.find("\\\n"); at != std::string::npos; at = joined.find("\\\n"))
      joined.replace(at, 2, " ");
    for (const auto line : split(joined, '\n')) {
      const auto words = config_words(line);
      if (words.size() < 2 || words[0] != key) continue;
      std::string value = words[1];
      for (std::size_t i = 2; i < words.size(); ++i) value += " " + words[i];
      return value;
    }
    return {};
  }

  Result<std::string> qconf(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "qconf");
    return node_.output_of(
        arguments,
        "run this where qconf works: on an administration host, as a manager, with qmaster running");
  }

  std::string spool_of(const std::vector<std::string>& arguments) const {
    const auto answer = qconf(arguments);
    return answer ? value_of(*answer, "execd_spool_dir") : std::string();
  }

  Result<std::vector<std::string>> queues_of(const BatchOptions& options) const {
    for (const auto& queue : options.queues)
      if (!is_queue_name(queue))
        return Error{in_quotes(queue) + " is not the name of a cluster queue", "see: qconf -sql", EINVAL};
    if (!options.queues.empty()) return options.queues;
    const auto all = qconf({"-sql"});
    if (!all) return all.error();
    auto queues = config_words(*all);
    if (queues.empty()) return Error{"Grid Engine has no queues", "create one: qconf -aq", ENOENT};
    return queues;
  }

  Result<std::string> starter_of(const std::string& queue) const {
    const auto text = qconf({"-sq", queue});
    if (!text) return text.error();
    const std::string value = value_of(*text, "starter_method");
    if (value.empty())
      return Error{"qconf -sq " + queue + " shows no starter_method",
                   "check that the queue exists: qconf -sql", EIO};
    return value;
  }

  Status set_starter(const std::string& queue, const std::string& value) const {
    const auto done = qconf({"-mattr", "queue", "starter_method", value, queue});
    if (!done) return done.error();
    // qconf is known to report success without having made the change.
    const auto now = starter_of(queue);
    if (!now) return now.error();
    if (*now == value) return {};
    return Error{"the starter_method of " + queue + " is still " + in_quotes(*now) + ": " + *done, "", EIO};
  }

  Result<std::vector<std::string>> others_with_starter(const BatchOptions& options,
                                                       const std::vector<std::string>& queues) const {
    std::vector<std::string> others;
    if (options.queues.empty()) return others;
    const auto all = queues_of({});
    if (!all) return all.error();
    for (const auto& queue : *all) {
      if (std::find(queues.begin(), queues.end(), queue) != queues.end()) continue;
      const auto now = starter_of(queue);
      if (now && is_starter(*now)) others.push_back(queue);
    }
    return others;
  }

  // The starter_method that a queue had before enable.
  static std::string saved_name(const std::string& queue) { return "sge-" + queue + ".starter_method"; }
  Status save(const std::string& queue, const std::string& value) const {
    if (value == "NONE" || is_starter(value)) return {};
    return save_value(node_, saved_name(queue), value);
  }
  std::string saved(const std::string& queue) const {
    const std::string value = saved_value(node_, saved_name(queue));
    return value.empty() ? "NONE" : value;
  }
};

}  // namespace

std::unique_ptr<BatchSystem> make_sge(const BatchNode& node) { return std::make_unique<GridEngine>(node); }

}  // namespace chos
