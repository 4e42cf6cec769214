// SPDX-License-Identifier: BSD-3-Clause
// No header of its own: systems.h declares what makes it.
// Slurm: a line in plugstack.conf, which srun, sbatch, salloc and slurmstepd read whenever they start.
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "basic/text.h"
#include "batch/config_text.h"
#include "batch/plugin_line.h"
#include "batch/steps.h"
#include "batch/systems.h"

namespace chos {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return ::strcasestr(text.c_str(), part.c_str()) != nullptr;
}

class Slurm : public BatchSystem {
 public:
  explicit Slurm(const BatchNode& node) : BatchSystem("slurm", "Slurm", node) {}

  Result<BatchPlan> enable(const BatchOptions& options) override {
    const auto directory = find(options);
    if (!directory) return directory.error();
    const auto plugin = plugin_path();
    if (!plugin) return plugin.error();
    const auto target = target_file();
    // One line in any of the files that Slurm reads is enough.
    for (const auto& file : files_read()) {
      if (file == target) continue;
      const auto state = line_state(name(), node_.path(file), classify_plugin_line);
      if (state.what == BatchState::What::enabled)
        return BatchPlan{
            {{node_.path(file), false, "already has it: " + state.where.front(), {}}}, traps(), {}};
    }
    auto step = put_line(node_, name(), node_.path(target), "required " + *plugin, classify_plugin_line);
    if (!step) return step.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*step));
    plan.warnings = traps();
    plan.next = {
        "do the same on every compute node and submit host; no daemon needs a restart, but in "
        "configless mode run: scontrol reconfigure",
        "check: srun --chos=NAME cat /proc/chos/setchos"};
    return plan;
  }

  Result<BatchPlan> disable(const BatchOptions& options) override {
    const auto directory = find(options);
    if (!directory) return directory.error();
    BatchPlan plan;
    for (const auto& file : files_read()) {
      auto step = drop_line(node_, name(), node_.path(file), classify_plugin_line);
      if (!step) return step.error();
      plan.steps.push_back(std::move(*step));
    }
    return plan;
  }

  BatchState state(const BatchOptions& options) override {
    BatchState state;
    if (const auto directory = find(options); !directory) {
      if (directory.error().code != ENOENT) {
        state.what = BatchState::What::unclear;
        state.problem = directory.error().what;
      }
      return state;
    }
    state.what = BatchState::What::not_enabled;
    for (const auto& file : files_read()) {
      auto here = line_state(name(), node_.path(file), classify_plugin_line);
      if (here.what != BatchState::What::not_enabled) state = std::move(here);
    }
    if (state.what == BatchState::What::enabled) check_plugin(state);
    return state;
  }

  std::vector<BatchPlace> places() override {
    if (!find({})) return {};
    std::vector<BatchPlace> places{{"slurm.conf", directory_ + "/slurm.conf"}};
    std::string spool = config_value(conf_, "SlurmdSpoolDir");
    if (spool.empty()) spool = "/var/spool/slurmd";
    places.push_back({"SlurmdSpoolDir", expanded(spool)});
    if (contains(config_value(conf_, "AuthType") + "auth/munge", "munge"))
      places.push_back({"munge's socket", "/run/munge/munge.socket.2"});
    return places;
  }

  std::vector<std::string> traps() override {
    std::vector<std::string> out;
    if (!find({}) && directory_.empty()) return out;
    if (contains(config_value(conf_, "LaunchParameters"), "test_exec"))
      out.push_back("LaunchParameters=test_exec makes Slurm refuse commands that exist only in the OS");
    if (config_value(conf_, "UsePAM") == "1" &&
        node_.text("/etc/pam.d/slurm").find("pam_chos.so") != std::string::npos)
      out.push_back(
          "/etc/pam.d/slurm has pam_chos.so, which with UsePAM=1 would move slurmstepd itself into the "
          "OS: remove that line");
    if (contains(config_value(conf_, "TaskProlog"), "/"))
      out.push_back("TaskProlog=" + config_value(conf_, "TaskProlog") +
                    " runs in the OS of the job, so the OS must have it at that path");
    return out;
  }

 private:
  // Sets directory_, conf_ and plugstack_; returns the directory of slurm.conf.
  Result<std::string> find(const BatchOptions& options) {
    if (!directory_.empty()) return directory_;
    std::vector<std::string> candidates{options.directory};
    if (options.directory.empty()) {
      const char* conf = std::getenv("SLURM_CONF");
      if (conf != nullptr && last_part(conf) == "slurm.conf")
        candidates = {std::string(conf).substr(0, std::string(conf).rfind('/'))};
      else
        candidates = {"/etc/slurm", "/etc/slurm-llnl", "/usr/local/etc/slurm", "/usr/local/etc",
                      "/opt/slurm/etc"};
    }
    for (const auto& candidate : candidates) {
      if (!node_.has_file(candidate + "/slurm.conf")) continue;
      directory_ = candidate;
      conf_ = node_.text(candidate + "/slurm.conf");
      plugstack_ = config_value(conf_, "PlugStackConfig");
      if (!plugstack_.starts_with('/'))
        plugstack_ = candidate + "/" + (plugstack_.empty() ? "plugstack.conf" : plugstack_);
      return directory_;
    }
    if (node_.has_file("/run/slurm/conf/slurm.conf"))
      return Error{"this node fetches its Slurm configuration from the controller (configless)",
                   "run this on the host that has slurm.conf, and install spank_chos.so on every node",
                   EINVAL};
    return Error{"there is no slurm.conf in " + listed(candidates), "name its directory: --directory DIR",
                 ENOENT};
  }

  // The patterns that plugstack.conf includes.
  std::vector<std::string> includes() const {
    std::vector<std::string> patterns;
    for (const auto line : split(text_, '\n')) {
      const auto words = config_words(line);
      if (words.size() == 2 && words[0] == "include" && words[1].starts_with('/'))
        patterns.push_back(words[1]);
    }
    return patterns;
  }

  // The file for our line: plugstack.conf, or chos.conf in a directory that plugstack.conf includes.
  std::string target_file() {
    text_ = node_.text(plugstack_);
    for (const auto& pattern : includes()) {
      const auto slash = pattern.rfind('/');
      std::string file = pattern.substr(0, slash) + "/chos.conf";
      if (pattern.substr(0, slash).find_first_of("*?[") == std::string::npos &&
          ::fnmatch(pattern.c_str(), file.c_str(), FNM_PERIOD | FNM_PATHNAME) == 0 &&
          node_.has_directory(pattern.substr(0, slash)))
        return file;
    }
    return plugstack_;
  }

  std::vector<std::string> files_read() {
    text_ = node_.text(plugstack_);
    std::vector<std::string> files{plugstack_};
    for (const auto& pattern : includes())
      for (auto& file : node_.matches(pattern)) files.push_back(std::move(file));
    return files;
  }

  std::vector<std::string> plugin_directories() const {
    const std::string own = config_value(conf_, "PluginDir");
    std::vector<std::string> patterns;
    for (const auto part : split(own, ':'))
      if (part.starts_with('/')) patterns.emplace_back(part);
    if (patterns.empty())
      patterns = {"/usr/lib/*/slurm-wlm", "/usr/lib/*/slurm",     "/usr/lib64/slurm",      "/usr/lib/slurm",
                  "/usr/local/lib/slurm", "/opt/slurm/lib/slurm", "/opt/slurm/lib64/slurm"};
    return patterns;
  }

  // The plugin by name if Slurm itself finds it, otherwise by path.
  Result<std::string> plugin_path() const {
    for (const auto& pattern : plugin_directories())
      if (!node_.matches(pattern + "/" + plugin_name).empty()) return std::string(plugin_name);
    for (const char* pattern : {CHOS_LIBDIR "/slurm-wlm", CHOS_LIBDIR "/slurm", "/usr/lib/*/slurm-wlm",
                                "/usr/local/lib/slurm-wlm", "/usr/local/lib/*/slurm-wlm"}) {
      const auto found = node_.matches(std::string(pattern) + "/" + plugin_name);
      if (!found.empty()) return found.front();
    }
    return Error{std::string(plugin_name) + " is in none of Slurm's plugin directories",
                 "install it for this release of Slurm; no job starts while plugstack.conf names a "
                 "plugin that is missing",
                 ENOENT};
  }

  void check_plugin(BatchState& state) const {
    for (const auto& place : state.where) {
      const std::string file = place.substr(0, place.rfind(':'));
      const std::string text = config_text(file);
      for (const auto line : split(text, '\n')) {
        if (classify_plugin_line(line) == LineMeaning::unrelated) continue;
        const std::string plugin = config_words(line)[1];
        const bool there =
            plugin.starts_with('/') ? node_.has_file(plugin) : static_cast<bool>(plugin_path());
        if (there) continue;
        state.what = BatchState::What::partly;
        state.problem = plugin + " is not installed, so no job starts";
      }
    }
  }

  static std::string expanded(std::string path) {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    const std::string short_name = std::string(host).substr(0, std::string(host).find('.'));
    for (const std::string pattern : {"%n", "%h"})
      for (auto at = path.find(pattern); at != std::string::npos; at = path.find(pattern))
        path.replace(at, 2, short_name);
    return path;
  }

  std::string directory_, conf_, plugstack_, text_;
};

}  // namespace

std::unique_ptr<BatchSystem> make_slurm(const BatchNode& node) { return std::make_unique<Slurm>(node); }

}  // namespace chos
