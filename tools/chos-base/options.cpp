// SPDX-License-Identifier: BSD-3-Clause
#include "chos-base/options.h"

#include <unistd.h>

#include <algorithm>

#include "allowlist/farm_names.h"
#include "basic/exit_status.h"
#include "basic/files.h"
#include "basic/messages.h"
#include "basic/text.h"
#include "basic/version.h"

namespace chos::base {
namespace {

constexpr const char* usage = R"(Usage: chos-base [--] COMMAND [ARGUMENT...]
Run a command of the base OS, which is the node's own, from inside an OS.

Options:
  -h,--help                   Print this help and exit
  --version                   Print the version and exit

Examples:
)";

constexpr const char* notes = R"(
Called by the name of a link, chos-base runs that command of the base OS and has no options of its own.
The command keeps its arguments, open files, working directory and environment. If CHOS is not set, it
is set to the OS that was left.
Exit status: the command's; 126 it could not be run; 127 the base OS does not have it.
See chos-base(1).
)";

std::string example(std::string command, const char* what) {
  constexpr std::size_t width = 51;
  command.resize(std::max(command.size() + 2, width), ' ');
  return "  " + command + what + "\n";
}

// Shows the path that the installed chos-base has in an OS.
std::string help() {
  return usage + example("chos-base squeue --me", "run one command of the base OS") +
         example("chos-base sbatch job.sh", "submit a job that runs in the present OS") +
         example("CHOS=bullseye chos-base sbatch job.sh", "submit a job that runs in bullseye") +
         example("ln -s /" + std::string(farm_local) + base_program + " ~/bin/squeue",
                 "make `squeue` run the one of the base OS") +
         notes;
}

// Avoids iostreams, which would double the size and the start time of such a small program.
int print(const std::string& text) { return write_all(STDOUT_FILENO, text) ? 0 : exit_cannot; }

int complain(const std::string& what) {
  Messages("chos-base").error(what + " (see: chos-base --help)");
  return exit_cannot;
}

}  // namespace

std::variant<Request, int> parse_options(const std::vector<std::string>& argv) {
  Request request;
  const std::string called = argv.empty() ? "" : argv.front();
  const std::string name = called.substr(called.rfind('/') + 1);
  if (name.empty()) return complain("it was started without a name, so there is no command to run");
  if (name != "chos-base") {
    request.command = name;
    request.arguments = argv;
    return request;
  }
  std::size_t at = 1;
  for (; at < argv.size() && argv[at].starts_with('-'); ++at) {
    const std::string& word = argv[at];
    if (word == "-h" || word == "--help") return print(help());
    if (word == "--version") return print(std::string("chos-base ") + version_text + "\n");
    if (word != "--") return complain("unknown option " + in_quotes(word));
    ++at;
    break;
  }
  if (at >= argv.size() || argv[at].empty()) return complain("no command was given");
  request.command = argv[at];
  request.arguments.assign(argv.begin() + static_cast<std::ptrdiff_t>(at), argv.end());
  return request;
}

}  // namespace chos::base
