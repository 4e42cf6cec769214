// SPDX-License-Identifier: BSD-3-Clause
// No header of its own: systems.h declares what makes it.
// HTCondor: USER_JOB_WRAPPER and related settings are in a file that chos installs.  enable creates a
// configuration file that includes it, so that HTCondor's settings are updated together with chos.
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "basic/subprocess.h"
#include "basic/text.h"
#include "batch/config_text.h"
#include "batch/steps.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* variable = "USER_JOB_WRAPPER";
constexpr const char* file_name = "50-chos.conf";
constexpr const char* shipped = CHOS_DATADIR "/chos/condor/50-chos.conf";

// Earlier versions of enable copied the installed file.  These are the beginning and the end of such a
// copy; in the last line the admin may have changed the path of the farm.
constexpr std::string_view copy_begin =
    "# SPDX-License-Identifier: BSD-3-Clause\n"
    "# Jobs of HTCondor in the OS that their users have chosen; see chos_jobstarter(8) and README.md.\n";
constexpr std::string_view copy_end = "\nMOUNT_UNDER_SCRATCH = strcat($(MOUNT_UNDER_SCRATCH), \",";
constexpr std::string_view usual_end = "/chos/tmp\")\n";

bool is_starter(std::string_view value) {
  return last_part(std::string(value)).starts_with("chos_jobstarter");
}

std::string include_line() { return std::string("include : ") + shipped + "\n"; }

// The path in "include : /usr/share/chos/condor/50-chos.conf", with any prefix; "" for other lines.
std::string included(std::string_view line) {
  constexpr std::string_view word = "include", tail = "/chos/condor/50-chos.conf";
  line = trimmed(line);
  if (line.size() < word.size() || ::strncasecmp(line.data(), word.data(), word.size()) != 0) return {};
  line = trimmed(line.substr(word.size()));
  if (!line.starts_with(':')) return {};
  line = trimmed(line.substr(1));
  return line.starts_with('/') && line.ends_with(tail) ? std::string(line) : std::string();
}

// The part of a configuration file that comes from chos.
struct Part {
  std::size_t begin = 0, end = 0;
  std::string path;  // the included file; "" for a copy
};

std::optional<Part> part_of(const std::string& text) {
  std::size_t at = 0;
  for (const auto line : split(text, '\n')) {
    const std::size_t end = std::min(at + line.size() + 1, text.size());
    if (const auto path = included(line); !path.empty()) return Part{at, end, path};
    at = end;
  }
  const auto last = text.rfind(copy_end);
  if (!text.starts_with(copy_begin) || last == std::string::npos) return std::nullopt;
  const std::size_t value = last + copy_end.size();
  const bool usual = std::string_view(text).substr(value).starts_with(usual_end);
  return Part{0, usual ? value + usual_end.size() : last + 1, ""};
}

LineMeaning classify_line_of_condor(std::string_view line) {
  if (!included(line).empty()) return LineMeaning::same;
  const std::string value = config_value(std::string(line), variable);
  if (value.empty()) return LineMeaning::unrelated;
  return is_starter(value) ? LineMeaning::same : LineMeaning::conflicting;
}

class Condor : public BatchSystem {
 public:
  explicit Condor(const BatchNode& node) : BatchSystem("condor", "HTCondor", node) {}

  Result<BatchPlan> enable(const BatchOptions& options) override {
    if (auto status = present(options); !status) return status.error();
    const auto starter = node_.installed_program("chos_jobstarter");
    if (!starter) return starter.error();
    if (const auto text = node_.installed_text(std::string("condor/") + file_name); !text)
      return text.error();
    const std::string file = directory(options) + "/" + file_name;
    const std::string now = value_in_force(options);
    if (!now.empty() && !is_starter(now) && !options.force)
      return Error{std::string(variable) + " is already " + in_quotes(now),
                   "make that program call " + *starter + "; or, if nobody needs it, use --force", EEXIST};
    if (is_starter(now) && !node_.has_file(file))
      return BatchPlan{{{variable, false, "is already " + now, {}}}, {}, {}};
    return plan_of(
        put(node_.path(file)),
        {"run: condor_reconfig", "jobs choose their OS by: environment = \"CHOS=NAME\", or getenv = CHOS",
         std::string("check: condor_config_val ") + variable});
  }

  Result<BatchPlan> disable(const BatchOptions& options) override {
    if (auto status = present(options); !status) return status.error();
    return plan_of(drop(node_.path(directory(options) + "/" + file_name)), {"run: condor_reconfig"});
  }

  BatchState state(const BatchOptions& options) override {
    BatchState state;
    if (!present(options)) return state;
    const std::string file = node_.path(directory(options) + "/" + file_name);
    state = line_state(name(), file, classify_line_of_condor);
    if (const auto part = part_of(config_text(file))) {
      state.by_hand = false;
      if (!part->path.empty() && !node_.has_file(part->path)) {
        state.what = BatchState::What::partly;
        state.problem = file + " includes " + part->path + ", which does not exist";
        return state;
      }
    }
    const std::string now = value_in_force(options);
    if (state.what == BatchState::What::not_enabled && is_starter(now)) {
      state.what = BatchState::What::enabled;
      state.by_hand = true;
      state.where = {std::string(variable) + " = " + now};
    } else if (!now.empty() && !is_starter(now)) {
      state.what = BatchState::What::other;
      state.problem = std::string(variable) + " is " + in_quotes(now);
    } else if (state.what == BatchState::What::enabled && asked_ && now.empty()) {
      state.what = BatchState::What::partly;
      state.problem = "HTCondor does not read " + file + ": check its LOCAL_CONFIG_DIR";
    }
    return state;
  }

  std::vector<BatchPlace> places() override {
    const auto answer = run_command({"condor_config_val", "EXECUTE"}, node_.patience);
    if (answer && answer->status == 0 && answer->out.starts_with('/')) return {{"EXECUTE", answer->out}};
    return {{"EXECUTE", "/var/lib/condor/execute"}};
  }

 private:
  Result<BatchStep> put(const std::string& path) const {
    const auto file = BatchFile::open(path);
    if (!file) return file.error();
    const auto& text = (*file)->text();
    if (text.empty()) return change_text(node_, name(), *file, "", include_line(), "created");
    if (const auto part = part_of(text)) {
      if (!part->path.empty() && node_.has_file(part->path))
        return BatchStep{(*file)->path(), false, "already includes " + part->path, {}};
      std::string after = text;
      after.replace(part->begin, part->end - part->begin, include_line());
      return change_text(node_, name(), *file, text, after, std::string("now includes ") + shipped);
    }
    if (text.find("chos_jobstarter") != std::string::npos) return keep_edited(**file);
    return foreign_file(**file);
  }
  Result<BatchStep> drop(const std::string& path) const {
    if (is_missing(path)) return missing_step(path);
    const auto file = BatchFile::open(path);
    if (!file) return file.error();
    const auto& text = (*file)->text();
    const auto part = part_of(text);
    if (!part) return edited_file(**file);
    const std::string rest = text.substr(0, part->begin) + text.substr(part->end);
    return change_text(node_, name(), *file, part->path.empty() ? text : rest, rest,
                       rest.empty() ? "removed" : "removed the lines that came from chos");
  }
  static std::string directory(const BatchOptions& options) {
    return options.directory.empty() ? "/etc/condor/config.d" : options.directory;
  }
  Status present(const BatchOptions& options) const {
    if (node_.has_directory(directory(options))) return {};
    return Error{"there is no directory " + directory(options),
                 "install HTCondor, or name its LOCAL_CONFIG_DIR: --directory DIR", ENOENT};
  }

  // The value of USER_JOB_WRAPPER from all configuration files, as HTCondor reports it.  If HTCondor does
  // not answer, only its main files are read.  "" if it is not set.
  std::string value_in_force(const BatchOptions& options) {
    const auto answer = run_command({"condor_config_val", variable}, node_.patience);
    asked_ = answer && (answer->status == 0 || answer->err.find("Not defined") != std::string::npos ||
                        answer->out.find("Not defined") != std::string::npos);
    if (asked_) return answer->status == 0 ? std::string(trimmed(answer->out)) : std::string();
    std::string value = config_value(node_.text("/etc/condor/condor_config"), variable);
    if (value.empty())
      value = config_value(node_.text(directory(options) + "/../condor_config.local"), variable);
    return value;
  }

  bool asked_ = false;
};

}  // namespace

std::unique_ptr<BatchSystem> make_condor(const BatchNode& node) { return std::make_unique<Condor>(node); }

}  // namespace chos
