// SPDX-License-Identifier: BSD-3-Clause
#include <sys/auxv.h>
#include <unistd.h>

#include <exception>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "session/environment.h"
#include "session/nss.h"
#include "starter/failure.h"
#include "starter/start.h"

namespace {

// A starter_method of Grid Engine is a path, without arguments.  Its name is that of the file: argv[0]
// is the shell's with shell_start_mode script_from_stdin.
bool is_starter_method() {
  const auto* file = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  const std::string name = file == nullptr ? "" : file;
  return name.substr(name.rfind('/') + 1) == "chos_sge_starter";
}

}  // namespace

int main(int argc, char** argv) {
  using namespace chos::starter;
  // Where a failure goes; more is known as this goes on.
  Form form = is_starter_method() ? Form::sge : Form::plain;
  std::string log = "/dev/log";
  const auto fail = [&](const std::string& why, const std::string& remedy = {}) {
    Failure failure(status_of_failure(form), log, chos::own_environment());
    if (const auto account = chos::lookup_account(::geteuid())) failure.set_user(account->name);
    return failure.tell(why, remedy);
  };
  try {
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    if (form == Form::sge) arguments.insert(arguments.begin(), "--sge");
    const auto parsed = parse_options(arguments);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    if (const auto* complaint = std::get_if<Complaint>(&parsed)) {
      form = complaint->form;
      log = complaint->log;
      return fail(complaint->what, "see: chos_jobstarter --help");
    }
    const auto& options = std::get<Options>(parsed);
    form = options.form;
    log = options.log;
    return start(options);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
