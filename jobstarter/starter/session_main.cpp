// SPDX-License-Identifier: BSD-3-Clause
// chos_jobsession STATUS SERVICE PAM PROC LOG COMMAND [ARGUMENT...]: what chos_jobstarter --pam
// becomes.
//
// A program of its own, since PAM loads its modules, which a static program cannot, and jobs without
// --pam are not to wait for libraries.  It opens a session of SERVICE, runs COMMAND (chos_jobstarter
// again, which enters the OS) and closes the session when that has ended.  STATUS is what it exits
// with if the job was not started; PAM is the directory of services ("": those of the system).  It
// never enters an OS, so PAM finds its modules and their files.
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
  std::string service, directory, proc, log;
  char** command;
};

class SessionRunner {
 public:
  explicit SessionRunner(Request request)
      : request_(std::move(request)), failure_(request_.status, request_.log, own_environment()) {}

  int run() {
    const auto descriptors = open_descriptors();
    const auto account = lookup_account(::geteuid());
    if (!account) return fail({"the user id " + std::to_string(::geteuid()) + " has no account", "", ENOENT});
    failure_.set_user(account->name);
    const ProcChos kernel(request_.proc);
    const auto current = kernel.current();
    const std::string before = current ? *current : "/";
    if (before != "/")
      return fail({"a PAM session is opened in the base OS only, and this is " + before, "", EXDEV});

    Watch watch;
    PamSession session;
    if (auto opened = session.open(request_.service, *account, directories()); !opened)
      return fail(opened.error());
    if (const auto now = kernel.current(); now && *now != before)
      return fail({"the PAM service " + in_quotes(request_.service) +
                       " has moved the starter itself "
                       "into " +
                       *now,
                   "pam_chos.so has no place in it: take it out", EXDEV});
    const auto ended = watch.run([&] { return become(session, descriptors); });
    if (!ended) return fail(ended.error());
    if (auto closed = session.close(); !closed) failure_.log(closed.error().what);
    end_as(*ended);
  }

 private:
  std::vector<std::string> directories() const {
    return request_.directory.empty() ? pam_directories() : std::vector<std::string>{request_.directory};
  }

  int become(const PamSession& session, const std::set<int>& descriptors) const {
    // Which OS is the submitter's to say, not that of a file of PAM's.
    for (const auto& [name, value] : session.environment())
      if (name != "CHOS") ::setenv(name.c_str(), value.c_str(), 1);
    close_others_at_exec(descriptors);
    ::execv(request_.command[0], request_.command);
    return fail(system_error("cannot run " + std::string(request_.command[0]), errno));
  }

  int fail(const Error& error) const { return failure_.tell(error); }

  Request request_;
  Failure failure_;
};

}  // namespace
}  // namespace chos::starter

int main(int argc, char** argv) {
  if (argc < 7) {
    std::cerr << "chos_jobsession is run by chos_jobstarter --pam\n";
    return chos::exit_cannot;
  }
  const int asked = std::atoi(argv[1]);
  const int status = asked == 0 ? chos::exit_cannot : asked;
  try {
    return chos::starter::SessionRunner({status, argv[2], argv[3], argv[4], argv[5], argv + 6}).run();
  } catch (const std::exception& error) {
    return chos::starter::Failure(status, argv[5], chos::own_environment()).tell(error.what());
  }
}
