// SPDX-License-Identifier: BSD-3-Clause
#include "starter/options.h"

#include "basic/cli11.h"
#include "basic/own_arguments.h"
#include "basic/text.h"

namespace chos::starter {
namespace {

constexpr const char* examples = R"(Examples:
  starter_method   /usr/bin/chos_sge_starter                   (Grid Engine, queue)
  JOB_STARTER    = /usr/bin/chos_jobstarter --lsf "%USRCMD"    (LSF, lsb.queues)
  USER_JOB_WRAPPER=/usr/bin/chos_jobstarter                    (HTCondor)
  $job_starter     /usr/bin/chos_jobstarter                    (Torque, mom_priv/config)
  CHOS=trixie chos_jobstarter ./job.sh                         (by hand)
  chos_jobstarter --pam chos_job ./job.sh                      (with the limits of PAM)

The first of these that names an OS decides: -o NAME, $CHOS, ~/.chos with --user-file, the site's
default.  A job that cannot have its OS is not started.  All words after --sge or --lsf belong to the
job.  The name chos_sge_starter means chos_jobstarter --sge.
Exit status: the job's; 126 it was not started; 127 the OS does not have the command (with --sge: 100
for both).
See chos_jobstarter(8).)";

const std::vector<std::string> with_value{"-o", "--os", "--argv0", "--pam"};

constexpr const char* usage = "Usage: chos_jobstarter [OPTION...] [--] COMMAND [ARGUMENT...]\n";

// The options that decide about others.
struct Given {
  std::string os, argv0;
  bool sge = false, lsf = false;
  const CLI::Option *os_option = nullptr, *argv0_option = nullptr;
};

void add_options(CLI::App& app, Given& given, Options& options) {
  given.os_option =
      app.add_option("-o,--os", given.os, "Enter this OS, given by its name or path in /etc/chos")
          ->type_name("NAME");
  app.add_flag("--user-file", options.user_file, "Read ~/.chos too, after -o and $CHOS");
  app.add_option("--pam", options.pam, "Open a session of this PAM service for the job")
      ->type_name("SERVICE");
  app.add_flag("--sge", given.sge, "COMMAND is what Grid Engine passes to a starter_method");
  app.add_flag("--lsf", given.lsf, "COMMAND is a line for /bin/sh, as LSF passes to a JOB_STARTER");
  given.argv0_option =
      app.add_option("--argv0", given.argv0, "Start the job with this argv[0], such as -bash")
          ->type_name("NAME");
}

// Why the accepted options cannot be used together; empty if they can.
std::string conflict(const Given& given) {
  if (given.sge && given.lsf) return "only one of --sge and --lsf is taken";
  if ((given.sge || given.lsf) && given.argv0_option->count() > 0)
    return "--argv0 cannot be used with --sge or --lsf";
  return {};
}

std::vector<std::string> without_pam(const std::vector<std::string>& own) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i] == "--pam") ++i;
    else if (!own[i].starts_with("--pam=")) out.push_back(own[i]);
  }
  return out;
}

}  // namespace

std::variant<Options, Complaint, int> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  Given given;
  CLI::App app{"Start a batch job in the OS of the user who submitted it.", "chos_jobstarter"};
  describe_program(app, usage, examples);
  add_options(app, given, options);

  // A job of Grid Engine may begin with "-s".
  const std::size_t count = count_own_arguments(arguments, with_value, {"--sge", "--lsf"});
  const auto end = arguments.begin() + static_cast<std::ptrdiff_t>(count);
  const std::vector<std::string> own(arguments.begin(), end);
  ParsedArguments parsed = parse_own_arguments(app, own);
  if (parsed.printed) return 0;
  if (parsed.problem.empty()) parsed.problem = conflict(given);
  if (!parsed.problem.empty()) {
    // A failed parse may have set no flag.  --sge ends the options, so it is the last of them.
    const bool of_sge = !own.empty() && own.back() == "--sge";
    return Complaint{printable(parsed.problem, 300), of_sge ? Form::sge : Form::plain};
  }
  options.own = without_pam(own);
  if (given.os_option->count() > 0) options.os = given.os;
  if (given.argv0_option->count() > 0) options.argv0 = given.argv0;
  if (given.sge) options.form = Form::sge;
  if (given.lsf) options.form = Form::lsf;
  options.words.assign(end, arguments.end());
  return options;
}

}  // namespace chos::starter
