// SPDX-License-Identifier: BSD-3-Clause
#include "spank/step.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "basic/files.h"
#include "basic/text.h"
#include "session/launch.h"

namespace chos::spank {
namespace {

constexpr const char* by_option = "option:";
constexpr const char* by_environment = "environment:";
constexpr std::size_t longest_text = 2048;

std::optional<std::string> carried_as(const std::string& carried, const std::string& how) {
  if (!carried.starts_with(how) || carried.size() == how.size()) return {};
  return carried.substr(how.size());
}

// An option of the submission counts like one that Slurm itself passed on.  $CHOS of the job takes precedence
// over $CHOS of the submitter, because `--export=ALL,CHOS=NAME` sets it.
SelectionInput input_of(const Asked& asked, const Place& place) {
  SelectionInput input;
  input.option_label = "--chos";
  input.option = asked.option ? asked.option : carried_as(asked.carried, by_option);
  if (!asked.variable.empty()) input.environment = asked.variable;
  else input.environment = carried_as(asked.carried, by_environment);
  input.allowlist = place.list();
  input.gids = place.gids;
  return input;
}

// In a submitting program, $CHOS is at least as recent as the choice that a surrounding job carries.
SelectionInput input_at_submission(const Asked& asked, const Place& place) {
  SelectionInput input = input_of(asked, place);
  if (!asked.option && !asked.variable.empty()) input.option.reset();
  return input;
}

// Nothing here may outlive the child, and no code of Slurm may run in it.
[[noreturn]] void try_in_child(const Asked& asked, const std::string& directory, const Paths& paths,
                               int out) {
  std::string text;
  try {
    const auto entered = enter(asked, directory, paths);
    if (!entered) text = entered.error().what + '\n' + entered.error().remedy;
  } catch (const std::exception& error) {
    text = error.what();
  }
  const bool good = text.empty();
  // One write of less than PIPE_BUF arrives whole.
  (void)!::write(out, text.data(), std::min(text.size(), longest_text));
  ::_exit(good ? 0 : 1);
}

Error error_of(const std::string& text) {
  const auto end = text.find('\n');
  if (end == std::string::npos) return {text, "", 0};
  return {text.substr(0, end), text.substr(end + 1), 0};
}

}  // namespace

Status check_arguments(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  return Error{"unknown argument " + in_quotes(words.front()) + " in plugstack.conf", "see spank_chos(8)", 0};
}

Result<Submission> at_submission(const Asked& asked, const Paths& paths) {
  if (asked.option && asked.option->empty())
    return Error{"--chos needs the name of an OS", "--chos=base is the base OS", 0};
  // Slurm passes the last value to all components.
  if (asked.before && asked.option && *asked.option != *asked.before)
    return Error{"the components of a heterogeneous job have one OS, but --chos names " +
                     in_quotes(*asked.before) + " and " + in_quotes(*asked.option),
                 "another OS is for a step: srun --het-group=N --chos=OS", 0};
  Place place(paths);
  // A submit-only node has no list; the nodes that run the job do.
  if (place.parsed.missing) place.parsed.list.reset();
  const SelectionInput input = input_at_submission(asked, place);
  const Selection chosen = select_os(input, order_of_job());
  if (!chosen.ok()) return *chosen.refusal;
  switch (chosen.source) {
    case Source::option: return Submission{chosen.name(), by_option + chosen.name()};
    case Source::environment: return Submission{{}, by_environment + chosen.requested};
    default: return Submission{};  // each node applies its own default
  }
}

Result<std::string> enter(const Asked& asked, const std::string& directory, const Paths& paths) {
  const Place place(paths);
  const Selection chosen = select_os(input_of(asked, place), order_of_job());
  if (!chosen.ok()) return *chosen.refusal;
  const std::string os = chosen.name();
  if (!chosen.base || place.current != "/") {
    const auto directories = working_directory({{"PWD", directory}});
    if (const auto there = place.kernel.present(); !there) return there.error();
    if (const auto moved = enter_os(place, chosen, Messages("spank_chos")); !moved) return moved.error();
    if (const auto back = change_directory(directories, os); !back)
      return Error{back.error().what, "an administrator makes the farm share it: chos.conf(5)",
                   back.error().code};
  }
  const bool nothing_chosen = chosen.source == Source::base;
  return nothing_chosen ? std::string() : os;
}

Status try_out(const Asked& asked, const std::string& directory, const Paths& paths, int patience) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  const pid_t child = ::fork();
  if (child == -1) return system_error("cannot fork", errno);
  if (child == 0) try_in_child(asked, directory, paths, out.get());
  out.reset();
  struct pollfd wait {
    in.get(), POLLIN, 0
  };
  const int ready = TEMP_FAILURE_RETRY(::poll(&wait, 1, patience));
  std::string text(longest_text, '\0');
  const ssize_t got = ready > 0 ? TEMP_FAILURE_RETRY(::read(in.get(), text.data(), text.size())) : -1;
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (ready <= 0) ::kill(child, SIGKILL);
  int status = 0;
  // A child that hangs in a dead file system cannot be waited for.
  const pid_t gone = TEMP_FAILURE_RETRY(::waitpid(child, &status, ready > 0 ? 0 : WNOHANG));
  if (ready <= 0)
    return Error{"it could not be entered within " + std::to_string(patience / 1000) + " s",
                 "is the file system of its tree alive?", ETIMEDOUT};
  if (!text.empty()) return error_of(text);
  if (gone != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return Error{"the process that tried to enter it ended without an error message", "", 0};
  return {};
}

}  // namespace chos::spank
