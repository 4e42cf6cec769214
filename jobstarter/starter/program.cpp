// SPDX-License-Identifier: BSD-3-Clause
#include "starter/program.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <exception>

#include "session/accounts.h"
#include "starter/failure.h"

namespace chos::starter {
namespace {

// Grid Engine takes no arguments for a starter_method, so the name of the program stands for --sge.  The
// kernel says what was executed; argv[0] is the shell's with shell_start_mode script_from_stdin.
bool is_starter_method() {
  const auto* file = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  const std::string name = file == nullptr ? "" : file;
  return name.substr(name.rfind('/') + 1) == "chos_sge_starter";
}

int fail(Form form, const StarterPaths& paths, const std::string& why, const std::string& remedy = {}) {
  Failure failure(status_of_failure(form), paths.log, own_environment());
  if (const auto account = Accounts().account(::geteuid())) failure.set_user(account->name);
  return failure.tell(why, remedy);
}

}  // namespace

int run_program(std::vector<std::string> arguments, const StarterPaths& paths) {
  Form form = is_starter_method() ? Form::sge : Form::plain;
  try {
    if (form == Form::sge) arguments.insert(arguments.begin(), "--sge");
    const auto parsed = parse_options(arguments);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    if (const auto* complaint = std::get_if<Complaint>(&parsed))
      return fail(complaint->form, paths, complaint->what, "see: chos_jobstarter --help");
    const auto& options = std::get<Options>(parsed);
    form = options.form;
    return start(options, paths);
  } catch (const std::exception& error) {
    return fail(form, paths, error.what());
  }
}

}  // namespace chos::starter
