// SPDX-License-Identifier: BSD-3-Clause
// Slurm: a line of plugstack.conf, which srun, sbatch, salloc and slurmstepd read each time.
#include <fnmatch.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "basic/subprocess.h"
#include "basic/text.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* plugin_name = "spank_chos.so";

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool contains(const std::string& text, const std::string& part) {
  return ::strcasestr(text.c_str(), part.c_str()) != nullptr;
}

std::vector<std::string> matches(const BatchNode& node, const std::string& pattern) {
  std::vector<std::string> found;
  glob_t all{};
  if (::glob(node.path(pattern).c_str(), 0, nullptr, &all) == 0)
    for (std::size_t i = 0; i < all.gl_pathc; ++i)
      found.push_back(std::string(all.gl_pathv[i]).substr(node.root.size()));
  ::globfree(&all);
  return found;
}

// "required spank_chos.so", by any path and with any arguments.
Sight judge(std::string_view line) {
  const auto words = words_of(line);
  if (words.size() < 2 || base_name(words[1]) != plugin_name) return Sight::nothing;
  return words[0] == "required" ? Sight::same : Sight::other;
}

class Slurm : public BatchSystem {
 public:
  using BatchSystem::BatchSystem;
  std::string name() const override { return "slurm"; }
  std::string title() const override { return "Slurm"; }

  Result<BatchPlan> enable(const BatchWish& wish) override {
    const auto directory = find(wish);
    if (!directory) return directory.error();
    const auto plugin = plugin_path();
    if (!plugin) return plugin.error();
    const auto target = target_file();
    // One line in all of the files that are read.
    for (const auto& file : files_read()) {
      if (file == target) continue;
      const auto state = line_state(name(), node_.path(file), judge);
      if (state.what == BatchState::What::enabled)
        return BatchPlan{
            {{node_.path(file), false, "there already, in " + state.where.front(), {}}}, traps(), {}};
    }
    auto step = put_line(node_, name(), node_.path(target), "required " + *plugin, judge);
    if (!step) return step.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*step));
    plan.warnings = traps();
    plan.next = {
        "do the same on every node, and on those that users submit from; no daemon needs a "
        "restart, unless nodes fetch their configuration (configless): scontrol reconfigure",
        "check: srun --chos=NAME cat /proc/chos/setchos"};
    return plan;
  }

  Result<BatchPlan> disable(const BatchWish& wish) override {
    const auto directory = find(wish);
    if (!directory) return directory.error();
    BatchPlan plan;
    for (const auto& file : files_read()) {
      auto step = drop_line(node_, name(), node_.path(file), judge);
      if (!step) return step.error();
      plan.steps.push_back(std::move(*step));
    }
    return plan;
  }

  BatchState state(const BatchWish& wish) override {
    BatchState state;
    if (const auto directory = find(wish); !directory) {
      if (directory.error().code != ENOENT) {
        state.what = BatchState::What::unclear;
        state.problem = directory.error().what;
      }
      return state;
    }
    state.what = BatchState::What::not_enabled;
    for (const auto& file : files_read()) {
      auto here = line_state(name(), node_.path(file), judge);
      if (here.what != BatchState::What::not_enabled) state = std::move(here);
    }
    if (state.what == BatchState::What::enabled) check_plugin(state);
    return state;
  }

  std::vector<BatchPlace> places() override {
    if (!find({})) return {};
    std::vector<BatchPlace> places{{"slurm.conf", directory_ + "/slurm.conf"}};
    std::string spool = setting_of(conf_, "SlurmdSpoolDir");
    if (spool.empty()) spool = "/var/spool/slurmd";
    places.push_back({"SlurmdSpoolDir", expanded(spool)});
    if (contains(setting_of(conf_, "AuthType") + "auth/munge", "munge"))
      places.push_back({"munge's socket", "/run/munge/munge.socket.2"});
    return places;
  }

  std::vector<std::string> traps() override {
    std::vector<std::string> out;
    if (!find({}) && directory_.empty()) return out;
    if (contains(setting_of(conf_, "LaunchParameters"), "test_exec"))
      out.push_back("LaunchParameters=test_exec makes Slurm refuse commands that only the OS has");
    if (setting_of(conf_, "UsePAM") == "1" &&
        text_of(node_.path("/etc/pam.d/slurm")).find("pam_chos.so") != std::string::npos)
      out.push_back(
          "/etc/pam.d/slurm has pam_chos.so, and with UsePAM=1 it would move slurmstepd "
          "itself: take it out");
    if (contains(setting_of(conf_, "TaskProlog"), "/"))
      out.push_back("TaskProlog=" + setting_of(conf_, "TaskProlog") +
                    " is run in the OS of the job: it has to be there at that path");
    return out;
  }

 private:
  // Sets directory_, conf_ and plugstack_.
  Result<std::string> find(const BatchWish& wish) {
    if (!directory_.empty()) return directory_;
    std::vector<std::string> candidates{wish.directory};
    if (wish.directory.empty()) {
      const char* conf = std::getenv("SLURM_CONF");
      if (conf != nullptr && base_name(conf) == "slurm.conf")
        candidates = {std::string(conf).substr(0, std::string(conf).rfind('/'))};
      else
        candidates = {"/etc/slurm", "/etc/slurm-llnl", "/usr/local/etc/slurm", "/usr/local/etc",
                      "/opt/slurm/etc"};
    }
    for (const auto& candidate : candidates) {
      if (!is_file(node_.path(candidate + "/slurm.conf"))) continue;
      directory_ = candidate;
      conf_ = text_of(node_.path(candidate + "/slurm.conf"));
      plugstack_ = setting_of(conf_, "PlugStackConfig");
      if (!plugstack_.starts_with('/'))
        plugstack_ = candidate + "/" + (plugstack_.empty() ? "plugstack.conf" : plugstack_);
      return directory_;
    }
    if (is_file(node_.path("/run/slurm/conf/slurm.conf")))
      return Error{"this node fetches its Slurm configuration from the controller (configless)",
                   "run this where slurm.conf is, and put spank_chos.so on every node", EINVAL};
    return Error{"there is no slurm.conf in " + listed(candidates), "name its directory: --directory DIR",
                 ENOENT};
  }

  // The patterns that plugstack.conf includes.
  std::vector<std::string> includes() const {
    std::vector<std::string> patterns;
    for (const auto line : split(text_, '\n')) {
      const auto words = words_of(line);
      if (words.size() == 2 && words[0] == "include" && words[1].starts_with('/'))
        patterns.push_back(words[1]);
    }
    return patterns;
  }

  // Plugstack.conf, or a file of a directory that it includes.
  std::string target_file() {
    text_ = text_of(node_.path(plugstack_));
    for (const auto& pattern : includes()) {
      const auto slash = pattern.rfind('/');
      const std::string file = pattern.substr(0, slash) + "/chos.conf";
      if (pattern.substr(0, slash).find_first_of("*?[") == std::string::npos &&
          ::fnmatch(pattern.c_str(), file.c_str(), FNM_PERIOD | FNM_PATHNAME) == 0 &&
          is_directory(node_.path(pattern.substr(0, slash))))
        return file;
    }
    return plugstack_;
  }

  std::vector<std::string> files_read() {
    text_ = text_of(node_.path(plugstack_));
    std::vector<std::string> files{plugstack_};
    for (const auto& pattern : includes())
      for (auto& file : matches(node_, pattern)) files.push_back(std::move(file));
    return files;
  }

  std::vector<std::string> plugin_directories() const {
    const std::string own = setting_of(conf_, "PluginDir");
    std::vector<std::string> patterns;
    for (const auto part : split(own, ':'))
      if (part.starts_with('/')) patterns.emplace_back(part);
    if (patterns.empty())
      patterns = {"/usr/lib/*/slurm-wlm", "/usr/lib/*/slurm",     "/usr/lib64/slurm",      "/usr/lib/slurm",
                  "/usr/local/lib/slurm", "/opt/slurm/lib/slurm", "/opt/slurm/lib64/slurm"};
    return patterns;
  }

  // By its name where Slurm looks for it by itself, else by its path.
  Result<std::string> plugin_path() const {
    for (const auto& pattern : plugin_directories())
      if (!matches(node_, pattern + "/" + plugin_name).empty()) return std::string(plugin_name);
    for (const char* pattern : {CHOS_LIBDIR "/slurm-wlm", CHOS_LIBDIR "/slurm", "/usr/lib/*/slurm-wlm",
                                "/usr/local/lib/slurm-wlm", "/usr/local/lib/*/slurm-wlm"}) {
      const auto found = matches(node_, std::string(pattern) + "/" + plugin_name);
      if (!found.empty()) return found.front();
    }
    return Error{std::string(plugin_name) + " is in no directory of Slurm's plugins",
                 "install it for this release of Slurm; with the line and without the plugin no job "
                 "would start",
                 ENOENT};
  }

  void check_plugin(BatchState& state) const {
    for (const auto& place : state.where) {
      const std::string file = place.substr(0, place.rfind(':'));
      const std::string text = text_of(file);
      for (const auto line : split(text, '\n')) {
        if (judge(line) == Sight::nothing) continue;
        const std::string plugin = words_of(line)[1];
        const bool there =
            plugin.starts_with('/') ? is_file(node_.path(plugin)) : static_cast<bool>(plugin_path());
        if (there) continue;
        state.what = BatchState::What::partly;
        state.problem = plugin + " is not installed, and without it no job starts";
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
