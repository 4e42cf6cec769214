// SPDX-License-Identifier: BSD-3-Clause
// HTCondor: USER_JOB_WRAPPER and what goes with it, in the file that chos installs; a line in a file of
// its own includes that, so that an update of chos is one here too.
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "basic/subprocess.h"
#include "basic/text.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* variable = "USER_JOB_WRAPPER";
constexpr const char* file_name = "50-chos.conf";
constexpr const char* shipped = CHOS_DATADIR "/chos/condor/50-chos.conf";

// Once enable made a copy of what was installed; here is how one begins and ends.  A farm elsewhere was
// to be named in the last line.
constexpr std::string_view copy_begin =
    "# SPDX-License-Identifier: BSD-3-Clause\n"
    "# Jobs of HTCondor in the OS that their users have chosen; see chos_jobstarter(8) and README.md.\n";
constexpr std::string_view copy_end = "\nMOUNT_UNDER_SCRATCH = strcat($(MOUNT_UNDER_SCRATCH), \",";
constexpr std::string_view usual_end = "/chos/tmp\")\n";

bool is_starter(std::string_view value) {
  return value.substr(value.rfind('/') + 1).starts_with("chos_jobstarter");
}

std::string include_line() { return std::string("include : ") + shipped + "\n"; }

// "include : /usr/share/chos/condor/50-chos.conf", by any prefix: the path; else "".
std::string included(std::string_view line) {
  constexpr std::string_view word = "include", tail = "/chos/condor/50-chos.conf";
  line = trimmed(line);
  if (line.size() < word.size() || ::strncasecmp(line.data(), word.data(), word.size()) != 0) return {};
  line = trimmed(line.substr(word.size()));
  if (!line.starts_with(':')) return {};
  line = trimmed(line.substr(1));
  return line.starts_with('/') && line.ends_with(tail) ? std::string(line) : std::string();
}

// What is of chos in the text.
struct Part {
  std::size_t begin = 0, end = 0;
  std::string path;  // that is included; "": it is a copy
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

Sight judge(std::string_view line) {
  if (!included(line).empty()) return Sight::same;
  const std::string value = setting_of(std::string(line), variable);
  if (value.empty()) return Sight::nothing;
  return is_starter(value) ? Sight::same : Sight::other;
}

class Condor : public BatchSystem {
 public:
  using BatchSystem::BatchSystem;
  std::string name() const override { return "condor"; }
  std::string title() const override { return "HTCondor"; }

  Result<BatchPlan> enable(const BatchWish& wish) override {
    if (auto status = present(wish); !status) return status.error();
    const auto starter = installed_program(node_, "chos_jobstarter");
    if (!starter) return starter.error();
    if (const auto text = installed_file(node_, std::string("condor/") + file_name); !text)
      return text.error();
    const std::string file = directory(wish) + "/" + file_name;
    const std::string now = value_in_force(wish);
    if (!now.empty() && !is_starter(now) && !wish.force)
      return Error{std::string(variable) + " is " + in_quotes(now) + " already",
                   "let that program "
                   "call " +
                       *starter + " in turn; or, if nobody needs it: --force",
                   EEXIST};
    if (is_starter(now) && !is_file(node_.path(file)))
      return BatchPlan{{{variable, false, "is " + now + " already", {}}}, {}, {}};
    auto step = put(node_.path(file));
    if (!step) return step.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*step));
    plan.next = {"run: condor_reconfig", "jobs say which OS: environment = \"CHOS=NAME\" or getenv = CHOS",
                 std::string("check: condor_config_val ") + variable};
    return plan;
  }

  Result<BatchPlan> disable(const BatchWish& wish) override {
    if (auto status = present(wish); !status) return status.error();
    auto step = drop(node_.path(directory(wish) + "/" + file_name));
    if (!step) return step.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*step));
    plan.next = {"run: condor_reconfig"};
    return plan;
  }

  BatchState state(const BatchWish& wish) override {
    BatchState state;
    if (!present(wish)) return state;
    const std::string file = node_.path(directory(wish) + "/" + file_name);
    state = line_state(name(), file, judge);
    if (const auto part = part_of(text_of(file))) {
      state.by_hand = false;
      if (!part->path.empty() && !is_file(node_.path(part->path))) {
        state.what = BatchState::What::partly;
        state.problem = part->path + ", which " + file + " includes, is not there";
        return state;
      }
    }
    const std::string now = value_in_force(wish);
    if (state.what == BatchState::What::not_enabled && is_starter(now)) {
      state.what = BatchState::What::enabled;
      state.by_hand = true;
      state.where = {std::string(variable) + " = " + now};
    } else if (!now.empty() && !is_starter(now)) {
      state.what = BatchState::What::other;
      state.problem = std::string(variable) + " is " + in_quotes(now);
    } else if (state.what == BatchState::What::enabled && asked_ && now.empty()) {
      state.what = BatchState::What::partly;
      state.problem = "HTCondor does not read " + file + ": is LOCAL_CONFIG_DIR another?";
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
    if (text.empty()) return change_text(node_, name(), *file, "", include_line(), "made");
    if (const auto part = part_of(text)) {
      if (!part->path.empty() && is_file(node_.path(part->path)))
        return BatchStep{(*file)->path(), false, "there already: it includes " + part->path, {}};
      std::string after = text;
      after.replace(part->begin, part->end - part->begin, include_line());
      return change_text(node_, name(), *file, text, after, std::string("includes ") + shipped + " now");
    }
    if (text.find("chos_jobstarter") != std::string::npos)
      return BatchStep{(*file)->path(), false, "there already, changed by hand; it stays so", {}};
    return Error{(*file)->path() + " is there and not of chos", "move it away, if nobody needs it", EEXIST};
  }
  Result<BatchStep> drop(const std::string& path) const {
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
      return BatchStep{path, false, "is not there; nothing to do", {}};
    const auto file = BatchFile::open(path);
    if (!file) return file.error();
    const auto& text = (*file)->text();
    const auto part = part_of(text);
    if (!part)
      return Error{(*file)->path() + " was changed by hand", "take out by hand what is of chos", EEXIST};
    const std::string rest = text.substr(0, part->begin) + text.substr(part->end);
    return change_text(node_, name(), *file, part->path.empty() ? text : rest, rest,
                       rest.empty() ? "removed" : "our lines taken out");
  }
  static std::string directory(const BatchWish& wish) {
    return wish.directory.empty() ? "/etc/condor/config.d" : wish.directory;
  }
  Status present(const BatchWish& wish) const {
    if (is_directory(node_.path(directory(wish)))) return {};
    return Error{"there is no directory " + directory(wish),
                 "is HTCondor installed? Its "
                 "LOCAL_CONFIG_DIR can be named: --directory DIR",
                 ENOENT};
  }

  // Of all its files, as HTCondor itself reads them; "" if it is not set or cannot be asked.
  std::string value_in_force(const BatchWish& wish) {
    const auto answer = run_command({"condor_config_val", variable}, node_.patience);
    asked_ = answer && (answer->status == 0 || answer->err.find("Not defined") != std::string::npos ||
                        answer->out.find("Not defined") != std::string::npos);
    if (asked_) return answer->status == 0 ? std::string(trimmed(answer->out)) : std::string();
    std::string value = setting_of(text_of(node_.path("/etc/condor/condor_config")), variable);
    if (value.empty())
      value = setting_of(text_of(node_.path(directory(wish) + "/../condor_config.local")), variable);
    return value;
  }

  bool asked_ = false;
};

}  // namespace

std::unique_ptr<BatchSystem> make_condor(const BatchNode& node) { return std::make_unique<Condor>(node); }

}  // namespace chos
