// SPDX-License-Identifier: BSD-3-Clause
#include "spank/step.h"

#include <cerrno>
#include <exception>

#include "basic/child_work.h"
#include "basic/text.h"
#include "session/launch.h"

namespace chos::spank {
namespace {

constexpr const char* by_option = "option:";
constexpr const char* by_environment = "environment:";

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

// "" if it would succeed, else what the Error says.
std::string trial(const Asked& asked, const std::string& directory, const Paths& paths) {
  try {
    const auto entered = enter(asked, directory, paths);
    return entered ? "" : entered.error().what + '\n' + entered.error().remedy;
  } catch (const std::exception& error) {
    return error.what();
  }
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
  const auto text = do_in_child([&] { return trial(asked, directory, paths); }, patience);
  if (text) return text->empty() ? Status() : error_of(*text);
  if (text.error().code == ETIMEDOUT)
    return Error{"it could not be entered within " + std::to_string(patience) + " s",
                 "is the file system of its tree alive?", ETIMEDOUT};
  if (text.error().code == ECHILD)
    return Error{"the process that tried to enter it ended without an error message", "", 0};
  return text.error();
}

}  // namespace chos::spank
