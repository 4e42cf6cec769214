// SPDX-License-Identifier: BSD-3-Clause
#include "starter/options.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "basic/own_arguments.h"
#include "basic/text.h"
#include "basic/version.h"

namespace chos::starter {
namespace {

constexpr const char* examples = R"(Examples:
  starter_method   /usr/bin/chos_sge_starter                   (Grid Engine, queue)
  JOB_STARTER    = /usr/bin/chos_jobstarter --lsf "%USRCMD"    (LSF, lsb.queues)
  USER_JOB_WRAPPER=/usr/bin/chos_jobstarter                    (HTCondor)
  $job_starter     /usr/bin/chos_jobstarter                    (Torque, mom_priv/config)
  CHOS=trixie chos_jobstarter ./job.sh                         (by hand)
  chos_jobstarter --pam chos_job ./job.sh                      (with the limits of PAM)

The OS is chosen by the first that names one: -o NAME, $CHOS, ~/.chos with --user-file, the site's
default.  A job that cannot have its OS is not started.  All words after --sge or --lsf belong to the
job.  The name chos_sge_starter means chos_jobstarter --sge.
Exit status: the job's; 126 it was not started; 127 the OS does not have the command (with --sge: 100
for both).
See chos_jobstarter(8).)";

const std::vector<std::string> with_value{"-o", "--os", "--argv0", "--pam"};

class Help : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: chos_jobstarter [OPTION...] [--] COMMAND [ARGUMENT...]\n";
  }
};

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
  // A job of Grid Engine may begin with "-s".
  const std::size_t own = count_own_arguments(arguments, with_value, {"--sge", "--lsf"});

  CLI::App app{"Start a batch job in the OS of the user who submitted it.", "chos_jobstarter"};
  app.formatter(std::make_shared<Help>());
  app.footer(examples);
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", std::string("chos_jobstarter ") + version_text,
                       "Print the version and exit");
  std::string os, argv0;
  bool sge = false, lsf = false;
  auto* os_option = app.add_option("-o,--os", os, "Enter this OS, given by its name or path in /etc/chos");
  os_option->type_name("NAME");
  app.add_flag("--user-file", options.user_file, "Read ~/.chos too, after -o and $CHOS");
  app.add_option("--pam", options.pam, "Open a session of this PAM service for the job")
      ->type_name("SERVICE");
  app.add_flag("--sge", sge, "COMMAND is what Grid Engine passes to a starter_method");
  app.add_flag("--lsf", lsf, "COMMAND is a line for /bin/sh, as LSF passes to a JOB_STARTER");
  auto* argv0_option = app.add_option("--argv0", argv0, "Start the job with this argv[0], such as -bash");
  argv0_option->type_name("NAME");

  // CLI11 takes them from the back.
  const auto end = arguments.begin() + static_cast<std::ptrdiff_t>(own);
  std::vector<std::string> mine(arguments.begin(), end);
  options.own = without_pam(mine);
  if (!mine.empty() && mine.back() == "--") mine.pop_back();
  std::reverse(mine.begin(), mine.end());
  try {
    app.parse(mine);
    if (sge && lsf)
      throw CLI::ArgumentMismatch("only one of --sge and --lsf is taken", CLI::ExitCodes::ArgumentMismatch);
    if ((sge || lsf) && argv0_option->count() > 0)
      throw CLI::ArgumentMismatch("--argv0 goes with neither --sge nor --lsf",
                                  CLI::ExitCodes::ArgumentMismatch);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error, std::cout, std::cerr);
      return 0;
    }
    // Nothing need have been set yet; --sge is the last of the options, if it is there.
    const bool of_sge = own > 0 && arguments[own - 1] == "--sge";
    return Complaint{printable(error.what(), 300), of_sge ? Form::sge : Form::plain};
  }
  if (os_option->count() > 0) options.os = os;
  if (argv0_option->count() > 0) options.argv0 = argv0;
  if (sge) options.form = Form::sge;
  if (lsf) options.form = Form::lsf;
  options.words.assign(end, arguments.end());
  return options;
}

}  // namespace chos::starter
