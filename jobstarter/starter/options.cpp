// SPDX-License-Identifier: BSD-3-Clause
#include "starter/options.h"

#include "basic/own_arguments.h"
#include "basic/own_options.h"
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
  std::optional<std::string> pam;
  bool sge = false, lsf = false;
};

void add_options(OwnOptions& own, Given& given, Options& options) {
  own.add_value("-o,--os", options.os, "NAME", "Enter this OS, given by its name or path in /etc/chos");
  own.add_flag("--user-file", options.user_file, "Read ~/.chos too, after -o and $CHOS");
  own.add_value("--pam", given.pam, "SERVICE", "Open a session of this PAM service for the job");
  own.add_flag("--sge", given.sge, "COMMAND is what Grid Engine passes to a starter_method");
  own.add_flag("--lsf", given.lsf, "COMMAND is a line for /bin/sh, as LSF passes to a JOB_STARTER");
  own.add_value("--argv0", options.argv0, "NAME", "Start the job with this argv[0], such as -bash");
}

// Why the accepted options cannot be used together; empty if they can.
std::string conflict(const Given& given, const Options& options) {
  if (given.sge && given.lsf) return "only one of --sge and --lsf is taken";
  if ((given.sge || given.lsf) && options.argv0) return "--argv0 cannot be used with --sge or --lsf";
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
  OwnOptions parser("chos_jobstarter", "Start a batch job in the OS of the user who submitted it.", usage,
                    examples);
  add_options(parser, given, options);

  // A job of Grid Engine may begin with "-s".
  const std::size_t count = count_own_arguments(arguments, with_value, {"--sge", "--lsf"});
  const auto end = arguments.begin() + static_cast<std::ptrdiff_t>(count);
  const std::vector<std::string> own(arguments.begin(), end);
  auto parsed = parser.parse(own);
  if (parsed.printed) return 0;
  if (parsed.problem.empty()) parsed.problem = conflict(given, options);
  if (!parsed.problem.empty()) {
    // A failed parse may have set no flag.  --sge ends the options, so it is the last of them.
    const bool of_sge = !own.empty() && own.back() == "--sge";
    return Complaint{printable(parsed.problem, 300), of_sge ? Form::sge : Form::plain};
  }
  options.own = without_pam(own);
  options.pam = given.pam.value_or("");
  if (given.sge) options.form = Form::sge;
  if (given.lsf) options.form = Form::lsf;
  options.words.assign(end, arguments.end());
  return options;
}

}  // namespace chos::starter
