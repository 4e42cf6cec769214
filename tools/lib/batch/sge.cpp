// SPDX-License-Identifier: BSD-3-Clause
// Grid Engine: starter_method of queues, by qconf(1), and -v CHOS for all submissions.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

#include "basic/subprocess.h"
#include "basic/text.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* starter_name = "chos_sge_starter";

bool is_starter(const std::string& path) { return path.substr(path.rfind('/') + 1) == starter_name; }

// sge_request: "-v CHOS", among others or not, or "-V".
Sight judge(std::string_view line) {
  const auto words = words_of(line);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-V") return Sight::same;
    if (words[i] != "-v" || i + 1 == words.size()) continue;
    for (const auto variable : split(words[i + 1], ','))
      if (variable.substr(0, variable.find('=')) == "CHOS") return Sight::same;
  }
  return Sight::nothing;
}

bool is_queue_name(const std::string& name) {
  return !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

class GridEngine : public BatchSystem {
 public:
  using BatchSystem::BatchSystem;
  std::string name() const override { return "sge"; }
  std::string title() const override { return "Grid Engine"; }

  Result<BatchPlan> enable(const BatchWish& wish) override {
    const auto directory = find(wish);
    if (!directory) return directory.error();
    const auto starter = installed_program(node_, starter_name);
    if (!starter) return starter.error();
    const auto queues = queues_of(wish);
    if (!queues) return queues.error();
    auto line = put_line(node_, name(), request_file(*directory), "-v CHOS", judge);
    if (!line) return line.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*line));
    for (const auto& queue : *queues) {
      const auto now = starter_of(queue);
      if (!now) return now.error();
      if (now->find('[') != std::string::npos || (*now != "NONE" && !is_starter(*now) && !wish.force))
        return Error{"the queue " + queue + " has a starter_method already: " + in_quotes(*now),
                     now->find('[') != std::string::npos
                         ? "it differs by host; set it by hand: qconf -mq " + queue
                         : "let that program call " + *starter +
                               " in turn; or, if nobody needs it: "
                               "--force",
                     EEXIST};
      const std::string before = *now, path = *starter;
      BatchStep step{
          "queue " + queue, before != path, (before == path ? "has " : "starts jobs by ") + path, {}};
      step.act = [this, queue, before, path]() -> Status {
        if (auto status = keep(queue, before); !status) return status;
        return set_starter(queue, path);
      };
      plan.steps.push_back(std::move(step));
    }
    plan.next = {"check, from inside an OS: echo 'cat /proc/chos/setchos' | qsub -cwd"};
    return plan;
  }

  Result<BatchPlan> disable(const BatchWish& wish) override {
    const auto directory = find(wish);
    if (!directory) return directory.error();
    const auto queues = queues_of(wish);
    if (!queues) return queues.error();
    BatchPlan plan;
    for (const auto& queue : *queues) {
      const auto now = starter_of(queue);
      if (!now) return now.error();
      const bool ours = is_starter(*now);
      const std::string before = ours ? kept(queue) : "";
      BatchStep step{"queue " + queue,
                     ours,
                     ours ? "starter_method is " + before + " again"
                          : "has not " + std::string(starter_name) + "; nothing to do",
                     {}};
      step.act = [this, queue, before]() -> Status {
        if (auto status = set_starter(queue, before); !status) return status;
        forget_word(node_, kept_name(queue));
        return {};
      };
      plan.steps.push_back(std::move(step));
    }
    const auto others = others_with_starter(wish, *queues);
    if (!others) return others.error();
    if (!others->empty()) {
      plan.steps.push_back({request_file(*directory), false, "stays, for " + listed(*others), {}});
      return plan;
    }
    auto line = drop_line(node_, name(), request_file(*directory), judge);
    // Whoever wrote -v CHOS by hand may want it; without a starter it does nothing.
    if (!line && line.error().code == EEXIST) plan.warnings.push_back(line.error().what + "; it stays");
    else if (!line) return line.error();
    else plan.steps.push_back(std::move(*line));
    return plan;
  }

  BatchState state(const BatchWish& wish) override {
    BatchState state;
    const auto directory = find(wish);
    if (!directory) return state;
    state.what = BatchState::What::unclear;
    const auto queues = queues_of(wish);
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
    const auto request = line_state(name(), request_file(*directory), judge);
    const bool passed_on = request.what == BatchState::What::enabled;
    state.what = BatchState::What::not_enabled;
    if (with.empty()) return state;
    state.where = request.where;
    for (const auto& queue : with) state.where.push_back("queue " + queue);
    state.by_hand = request.by_hand;
    state.what = without.empty() && passed_on ? BatchState::What::enabled : BatchState::What::partly;
    if (!passed_on) state.problem = "CHOS is not passed on: no -v CHOS in sge_request";
    else if (!without.empty())
      state.problem = "not in " + listed(without) + ", whose jobs run in the base OS";
    return state;
  }

  std::vector<BatchPlace> places() override {
    std::vector<BatchPlace> places;
    // Jobs read the cell's settings.sh there.
    if (const auto directory = find({})) {
      const std::string cell = directory->substr(0, directory->rfind("/common"));
      places.push_back({"SGE_ROOT", cell.substr(0, cell.rfind('/'))});
    }
    // What this host has of its own counts.
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
  Result<std::string> find(const BatchWish& wish) const {
    std::vector<std::string> candidates{wish.directory};
    if (wish.directory.empty()) {
      const char* root = std::getenv("SGE_ROOT");
      const char* cell = std::getenv("SGE_CELL");
      const std::string in_root = std::string("/") + (cell == nullptr ? "default" : cell) + "/common";
      if (root != nullptr) candidates = {root + in_root};
      else
        candidates = {"/var/lib/gridengine" + in_root, "/usr/share/gridengine" + in_root,
                      "/opt/sge" + in_root};
    }
    for (const auto& candidate : candidates)
      if (is_directory(node_.path(candidate))) return candidate;
    return Error{"there is no directory " + listed(candidates),
                 "set SGE_ROOT and SGE_CELL, or name the directory of sge_request: --directory DIR", ENOENT};
  }
  std::string request_file(const std::string& directory) const {
    return node_.path(directory) + "/sge_request";
  }

  // "NAME   value", with values that go on after a backslash.
  static std::string value_of(const std::string& text, const std::string& key) {
    std::string joined = text;
    for (auto at = joined.find("\\\n"); at != std::string::npos; at = joined.find("\\\n"))
      joined.replace(at, 2, " ");
    for (const auto line : split(joined, '\n')) {
      const auto words = words_of(line);
      if (words.size() < 2 || words[0] != key) continue;
      std::string value = words[1];
      for (std::size_t i = 2; i < words.size(); ++i) value += " " + words[i];
      return value;
    }
    return {};
  }

  Result<std::string> qconf(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "qconf");
    const auto answer = run_command(arguments, node_.patience);
    if (!answer) return answer.error();
    if (answer->status == 0) return answer->out;
    std::string command;
    for (const auto& word : arguments) command += (command.empty() ? "" : " ") + word;
    return Error{command + ": " + answer->said(),
                 "run this where qconf works: on an administration host, as a manager, with qmaster "
                 "running",
                 EIO};
  }

  std::string spool_of(const std::vector<std::string>& arguments) const {
    const auto answer = qconf(arguments);
    return answer ? value_of(*answer, "execd_spool_dir") : std::string();
  }

  Result<std::vector<std::string>> queues_of(const BatchWish& wish) const {
    for (const auto& queue : wish.queues)
      if (!is_queue_name(queue))
        return Error{in_quotes(queue) + " is not the name of a cluster queue", "see: qconf -sql", EINVAL};
    if (!wish.queues.empty()) return wish.queues;
    const auto all = qconf({"-sql"});
    if (!all) return all.error();
    auto queues = words_of(*all);
    if (queues.empty()) return Error{"there are no queues", "make one: qconf -aq", ENOENT};
    return queues;
  }

  Result<std::string> starter_of(const std::string& queue) const {
    const auto text = qconf({"-sq", queue});
    if (!text) return text.error();
    const std::string value = value_of(*text, "starter_method");
    if (value.empty())
      return Error{"qconf -sq " + queue + " shows no starter_method", "is there such a queue?", EIO};
    return value;
  }

  Status set_starter(const std::string& queue, const std::string& value) const {
    const auto done = qconf({"-mattr", "queue", "starter_method", value, queue});
    if (!done) return done.error();
    // It is known to end well without having done it.
    const auto now = starter_of(queue);
    if (!now) return now.error();
    if (*now == value) return {};
    return Error{"the starter_method of " + queue + " is still " + in_quotes(*now) + ": " + *done, "", EIO};
  }

  Result<std::vector<std::string>> others_with_starter(const BatchWish& wish,
                                                       const std::vector<std::string>& queues) const {
    std::vector<std::string> others;
    if (wish.queues.empty()) return others;
    const auto all = queues_of({});
    if (!all) return all.error();
    for (const auto& queue : *all) {
      if (std::find(queues.begin(), queues.end(), queue) != queues.end()) continue;
      const auto now = starter_of(queue);
      if (now && is_starter(*now)) others.push_back(queue);
    }
    return others;
  }

  // What a queue had before.
  static std::string kept_name(const std::string& queue) { return "sge-" + queue + ".starter_method"; }
  Status keep(const std::string& queue, const std::string& value) const {
    if (value == "NONE" || is_starter(value)) return {};
    return keep_word(node_, kept_name(queue), value);
  }
  std::string kept(const std::string& queue) const {
    const std::string value = kept_word(node_, kept_name(queue));
    return value.empty() ? "NONE" : value;
  }
};

}  // namespace

std::unique_ptr<BatchSystem> make_sge(const BatchNode& node) { return std::make_unique<GridEngine>(node); }

}  // namespace chos
