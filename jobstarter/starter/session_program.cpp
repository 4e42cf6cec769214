// SPDX-License-Identifier: BSD-3-Clause
#include "starter/session_program.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "basic/exit_status.h"
#include "basic/text.h"
#include "kernel/proc_chos.h"
#include "session/nss.h"
#include "starter/failure.h"
#include "starter/pam_session.h"
#include "starter/watch.h"

namespace chos::starter {
namespace {

struct Request {
  int status;
  std::string service;
  char** command;
};

class SessionRunner {
 public:
  SessionRunner(Request request, const SessionPaths& paths)
      : request_(std::move(request)),
        paths_(paths),
        failure_(request_.status, paths.log, own_environment()) {}

  int run() {
    const auto descriptors = open_descriptors();
    const auto account = lookup_account(::geteuid());
    if (!account) return fail({"the user id " + std::to_string(::geteuid()) + " has no account", "", ENOENT});
    failure_.set_user(account->name);
    const ProcChos kernel(paths_.proc);
    const auto current = kernel.current();
    const std::string before = current ? *current : "/";
    if (before != "/")
      return fail({"a PAM session is opened in the base OS only, and this is " + before, "", EXDEV});

    Watch watch;
    PamSession session(paths_.pam);
    if (auto opened = session.open(request_.service, *account); !opened) return fail(opened.error());
    if (const auto now = kernel.current(); now && *now != before)
      return fail({"the PAM service " + in_quotes(request_.service) +
                       " has moved the starter itself "
                       "into " +
                       *now,
                   "remove pam_chos.so from this service", EXDEV});
    const auto ended = watch.run([&] { return become(session, descriptors); });
    if (!ended) return fail(ended.error());
    if (auto closed = session.close(); !closed) failure_.log(closed.error().what);
    end_as(*ended);
  }

 private:
  int become(const PamSession& session, const std::set<int>& descriptors) const {
    // The submitter chooses the OS; PAM's configuration must not.
    for (const auto& [name, value] : session.environment())
      if (name != "CHOS") ::setenv(name.c_str(), value.c_str(), 1);
    close_others_at_exec(descriptors);
    ::execv(request_.command[0], request_.command);
    return fail(system_error("cannot run " + std::string(request_.command[0]), errno));
  }

  int fail(const Error& error) const { return failure_.tell(error); }

  Request request_;
  SessionPaths paths_;
  Failure failure_;
};

}  // namespace

int run_session_program(int argc, char** argv, const SessionPaths& paths) {
  if (argc < 4) {
    std::cerr << "chos_jobsession is run by chos_jobstarter --pam\n";
    return exit_cannot;
  }
  const int asked = std::atoi(argv[1]);
  const int status = asked == 0 ? exit_cannot : asked;
  try {
    return SessionRunner({status, argv[2], argv + 3}, paths).run();
  } catch (const std::exception& error) {
    return Failure(status, paths.log, own_environment()).tell(error.what());
  }
}

}  // namespace chos::starter
