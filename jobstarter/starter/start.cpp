// SPDX-License-Identifier: BSD-3-Clause
#include "starter/start.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "basic/files.h"
#include "basic/text.h"
#include "session/launch.h"
#include "starter/failure.h"

namespace chos::starter {
namespace {

class Start {
 public:
  Start(const Options& options, const StarterPaths& paths)
      : options_(options),
        paths_(paths),
        caller_(paths),
        failure_(status_of_failure(options.form), paths.log, caller_.environment) {
    if (caller_.account) failure_.set_user(caller_.account->name);
  }

  int run();

 private:
  int fail(const std::string& why, const std::string& remedy = {}) const {
    return failure_.tell(why, remedy);
  }
  int fail(const Error& error) const { return failure_.tell(error); }
  void set_variable(const Selection& chosen) const;
  int open_session() const;

  const Options& options_;
  const StarterPaths& paths_;
  Caller caller_;
  Failure failure_;
};

void Start::set_variable(const Selection& chosen) const {
  const bool says_it_already = chosen.source == Source::environment;
  const bool nothing_chosen = chosen.source == Source::base;
  if (!says_it_already && !nothing_chosen) ::setenv("CHOS", chosen.name().c_str(), 1);
}

// Executes the program that opens the session, which runs this program again without --pam.
int Start::open_session() const {
  if (caller_.current != "/")
    return fail("a PAM session is opened in the base OS only, and this is " + caller_.current);
  const std::string self = read_link(AT_FDCWD, "/proc/self/exe");
  if (self.empty()) return fail(system_error("cannot find chos_jobstarter", errno));
  std::vector<std::string> arguments{paths_.session_program, std::to_string(status_of_failure(options_.form)),
                                     options_.pam, self};
  arguments.insert(arguments.end(), options_.own.begin(), options_.own.end());
  const bool ended = !options_.own.empty() && (options_.own.back() == "--" || options_.form != Form::plain);
  if (!ended) arguments.emplace_back("--");
  arguments.insert(arguments.end(), options_.words.begin(), options_.words.end());
  const auto failed = exec_program(paths_.session_program, arguments, "the base OS");
  return fail(failed.why, "was chos built without PAM?");
}

int Start::run() {
  auto job = job_of(options_.form, options_.words, caller_.environment);
  if (!job) return fail(job.error());
  if (options_.argv0) job->arguments.front() = *options_.argv0;
  const Selection chosen = caller_.select(options_.os, options_.user_file ? order_of_chos() : order_of_job());
  if (!chosen.ok()) return fail(*chosen.refusal);
  if (!options_.pam.empty()) return open_session();

  const auto directories = working_directory(caller_.environment);
  const std::string os = chosen.name();
  const bool stays = chosen.base && caller_.current == "/";
  if (!stays) {
    if (const auto there = caller_.kernel.present(); !there) return fail(there.error());
    if (const auto moved = enter_os(caller_, chosen, Messages(program)); !moved) return fail(moved.error());
    if (const auto back = change_directory(directories, os); !back)
      return fail(back.error().what, "an administrator makes the farm share it: chos.conf(5)");
  }
  if (!job->script.empty() && ::access(job->script.c_str(), F_OK) != 0)
    return fail("the job's script " + in_quotes(job->script) + " is not visible in " + os,
                "an administrator makes every OS show the spool directory: [share] of chos.conf(5)");
  set_variable(chosen);
  ::unsetenv(wrapper_error_variable);
  const auto failed = exec_program(job->file, job->arguments, os);
  const int status = fail(failed.why);
  return options_.form == Form::sge ? status : failed.status;
}

}  // namespace

int start(const Options& options, const StarterPaths& paths) { return Start(options, paths).run(); }

}  // namespace chos::starter
