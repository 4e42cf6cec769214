// SPDX-License-Identifier: BSD-3-Clause
#include "pam/session.h"

#include <grp.h>
#include <poll.h>
#include <shadow.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>

#include "allowlist/farm_names.h"
#include "allowlist/parse.h"
#include "basic/syslog.h"
#include "basic/text.h"
#include "kernel/proc_chos.h"
#include "pam/scout.h"
#include "session/persona.h"
#include "session/selection.h"
#include "session/user_file.h"

namespace chos::pam {
namespace {

constexpr const char* log_name = "pam_chos";

/// Gives this thread the groups of the user while it writes to setchos.  An OS may be open to some groups
/// only, and sshd has not set the user's groups yet when it opens the session.
class GroupsOf {
 public:
  explicit GroupsOf(const std::vector<gid_t>& gids) {
    if (::geteuid() != 0) return;
    before_.resize(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
    if (::getgroups(static_cast<int>(before_.size()), before_.data()) < 0) return;
    // The system call changes this thread only; setgroups(3) would change all threads.
    changed_ = ::syscall(SYS_setgroups, gids.size(), gids.data()) == 0;
  }
  GroupsOf(const GroupsOf&) = delete;
  GroupsOf& operator=(const GroupsOf&) = delete;
  ~GroupsOf() { restore(); }

  /// False: this thread still has the user's groups.
  bool restore() noexcept {
    if (changed_ && ::syscall(SYS_setgroups, before_.size(), before_.data()) != 0) return false;
    changed_ = false;
    return true;
  }

 private:
  std::vector<gid_t> before_;
  bool changed_ = false;
};

/// One login, step by step.
class Login {
 public:
  Login(const Request& request, const Options& options, const System& system)
      : request_(request),
        options_(options),
        system_(system),
        kernel_(options.proc),
        journal_(log_name, request.service, system.log.c_str()) {}

  Outcome open();

 private:
  bool is_ours();
  Result<Selection> choose();
  Result<void> scout_out(const Selection& chosen);
  Status move(const Selection& chosen);
  Status leave();
  Outcome trouble(const Error& error);
  Outcome password_first();
  Error list_error() const;
  void debug(const std::string& text) const {
    if (options_.debug) journal_.write(LOG_DEBUG, text);
  }
  std::string base_root() const;

  const Request& request_;
  const Options& options_;
  const System& system_;
  ProcChos kernel_;
  Syslog journal_;
  Scout scout_;
  Account account_;
  std::vector<gid_t> gids_;
  ParsedAllowlist allowlist_;
  std::string current_ = "/";
  bool unknown_ = false;  // the account cannot be looked up
  std::string rule_;      // the rule that decided and its OS, for the log
  Outcome outcome_;
};

std::string error_line(const Error& error) {
  return error.remedy.empty() ? error.what : error.what + " (" + error.remedy + ")";
}

// Inside an OS, /etc belongs to that OS, and /etc of the base OS is below /local.
std::string Login::base_root() const {
  return current_ == "/" ? std::string() : std::string("/") + farm_local;
}

bool Login::is_ours() {
  const auto skip = [this](const std::string& why) {
    debug(in_quotes(request_.user) + " is not looked at: " + why);
    return false;
  };
  for (const auto& complaint : options_.complaints) journal_.write(LOG_ERR, complaint);
  if (is_never_moved(request_.service)) return skip("the session is not opened in the user's job");
  if (std::find(options_.excluded.begin(), options_.excluded.end(), request_.service) !=
      options_.excluded.end())
    return skip("exclude_service names it");
  auto account = system_.account(request_.user);
  if (!account) {
    // The login succeeded, so the account exists but cannot be looked up now.
    unknown_ = options_.deny && request_.user != "root";
    return unknown_ || skip("there is no such account");
  }
  account_ = std::move(*account);
  if (account_.uid == 0) return skip("root is never moved");
  if (account_.uid < options_.min_uid)
    return skip("uid " + std::to_string(account_.uid) + " is below min_uid");
  return true;
}

// The result is moved out and never copied: after a move of the process nothing is allocated.
Outcome Login::open() {
  if (!is_ours()) return std::move(outcome_);
  outcome_.what = Outcome::What::base;
  if (unknown_)
    return trouble({"the account of " + in_quotes(request_.user) + " cannot be looked up", "try again", 0});
  if (const auto now = kernel_.current()) current_ = *now;
  if (request_.service == "sshd" && system_.password_expired(request_.user)) return password_first();
  const auto chosen = choose();
  if (!chosen) return trouble(chosen.error());
  for (const auto& step : chosen->trail) debug(std::string(source_label(step.source)) + ": " + step.text);
  rule_ = std::string(" [rule ") + source_label(chosen->source) +
          (chosen->requested.empty() ? "" : ", OS " + in_quotes(chosen->requested)) + "]";
  if (!chosen->ok()) return trouble(*chosen->refusal);
  if (chosen->source != Source::base) outcome_.os = chosen->name();
  if (chosen->base) {
    if (const auto left = leave(); !left) return trouble(left.error());
    return std::move(outcome_);
  }
  if (const auto good = kernel_.present(); !good) return trouble(good.error());
  if (const auto good = scout_out(*chosen); !good) return trouble(good.error());
  if (const auto moved = move(*chosen); !moved) return trouble(moved.error());
  return std::move(outcome_);
}

Result<Selection> Login::choose() {
  gids_ = system_.gids(account_);
  const auto started = scout_.start(account_, gids_, options_.timeout);
  if (!started) return started.error();
  const std::string path = account_.home + "/" + options_.user_file;
  const auto raw = scout_.fetch(path);
  if (!raw) return raw.error();

  const std::string file = base_root() + options_.allowlist;
  // An unprivileged application may use a list of its own: the kernel makes the final decision.
  struct stat info {};
  const bool own = ::geteuid() != 0 && ::stat(file.c_str(), &info) == 0 && info.st_uid == ::geteuid();
  allowlist_ = load_allowlist(file, system_.group, own ? ::geteuid() : 0);
  if (allowlist_.missing) allowlist_.list = Allowlist();
  SelectionInput input;
  input.user_file = [&path, &raw] { return interpret_user_file(path, *raw); };
  input.allowlist = allowlist_.list ? &*allowlist_.list : nullptr;
  input.gids = gids_;
  auto chosen = select_os(input, order_of_login());
  // Only the choice of the base OS needs no list.
  if (!allowlist_.list && !(chosen.ok() && chosen.base)) return list_error();
  return chosen;
}

// A login reports the first error only; chosctl shows all of them.
Error Login::list_error() const {
  for (const auto& complaint : allowlist_.errors) debug(complaint.text());
  return Error{allowlist_.errors.front().text(), "an administrator runs: chosctl doctor", 0};
}

// Checks, before the move, everything that a session needs in the OS.
Result<void> Login::scout_out(const Selection& chosen) {
  Scout::Wish wish;
  wish.proc = options_.proc;
  wish.os = chosen.kernel_name();
  wish.program = first_program(request_.service, account_.shell);
  wish.fallback = options_.fallback_shell;
  wish.home = account_.home;
  const auto report = scout_.look(wish);
  if (!report) return report.error();
  if (report->enter != 0) return enter_error(report->enter, chosen.kernel_name());
  const std::string os = in_quotes(chosen.name());
  if (report->program != 0) {
    const std::string what = os + " has no " + wish.program + " that can be run";
    if (wish.program != account_.shell || report->fallback != 0)
      return Error{what, "an administrator puts it into the tree of " + os, report->program};
    return Error{what + ", your login shell", "it has " + wish.fallback + ": chsh -s " + wish.fallback,
                 report->program};
  }
  if (report->home != 0)
    return system_error("your home directory " + in_quotes(account_.home) + " cannot be reached in " + os,
                        report->home, "an administrator makes the farm share it: chosctl doctor");
  return {};
}

// Changes to the same directory by name after a move, or else to the home directory.  It does not return to
// /.
void go_back(const char* before, const char* home) noexcept {
  if (before[0] == '/' && before[1] != '\0' && ::chdir(before) == 0) return;
  if (::chdir(home) == 0) return;
  (void)!::chdir("/");
}

Status Login::move(const Selection& chosen) {
  const std::string name = chosen.kernel_name();
  // Prepares everything that is needed after the move.
  const bool linux32 = chosen.entry != nullptr && chosen.entry->linux32;
  const auto persona = persona_to_set(current_ == "/", linux32);
  const std::string line = journal_.line(
      LOG_INFO, "user " + in_quotes(request_.user) + " enters " + in_quotes(chosen.name()) + rule_);
  const std::string stuck = journal_.line(LOG_CRIT, "cannot take back the groups of the process");
  char before[PATH_MAX] = "";
  if (::getcwd(before, sizeof before) == nullptr) before[0] = '\0';
  outcome_.moved = Moved{chosen.name(), before, persona ? own_persona() : std::nullopt};

  GroupsOf groups(gids_);
  Status entered = kernel_.enter(name);
  // EBUSY: a thread may be starting a program, which takes a moment only.
  for (int tries = 0; !entered && entered.error().code == EBUSY && tries < 20; ++tries) {
    ::poll(nullptr, 0, 10);
    entered = kernel_.enter(name);
  }
  if (!entered) {
    outcome_.moved.reset();
    // The list was checked before and admits this user.
    if (entered.error().code == EACCES && chosen.entry != nullptr) return no_tree_error(chosen.entry->name);
    return entered;
  }
  if (!groups.restore()) {
    journal_.send(stuck);
    ::_exit(1);  // never go on as root with the groups of a user
  }
  if (persona) (void)set_persona(*persona);
  go_back(before, account_.home.c_str());
  journal_.send(line);
  outcome_.what = Outcome::What::moved;
  return {};
}

// Leaves the OS that the application was started in (root in an OS calls su) for the base OS.
Status Login::leave() {
  if (current_ == "/") return {};
  char before[PATH_MAX] = "";
  if (::getcwd(before, sizeof before) == nullptr) before[0] = '\0';
  if (auto left = kernel_.enter("/"); !left) return left;
  if (const auto persona = persona_to_set(false, false)) (void)set_persona(*persona);
  go_back(before, account_.home.c_str());
  return {};
}

// sshd then starts only passwd(1), which must be set-user-ID, as it is in the base OS.
Outcome Login::password_first() {
  (void)leave();
  const std::string why = "the password has expired, and is changed in the base OS";
  if (!options_.quiet) outcome_.tell = "chos: " + why + "; then log in again";
  journal_.write(LOG_INFO, "user " + in_quotes(request_.user) + " stays in the base OS: " + why);
  return outcome_;
}

Outcome Login::trouble(const Error& error) {
  const std::string why = escaped(error_line(error));
  outcome_.os.clear();
  outcome_.what = options_.deny ? Outcome::What::refused : Outcome::What::base;
  std::string place = "the base OS";
  if (!options_.deny && !leave()) place = "the OS " + in_quotes(current_);
  if (!options_.quiet)
    outcome_.tell =
        "chos: " + why + (options_.deny ? "; the session is refused" : "; this session is in " + place);
  journal_.write(options_.deny ? LOG_ERR : LOG_WARNING,
                 "user " + in_quotes(request_.user) +
                     (options_.deny ? " is refused: " : " stays in " + place + ": ") + why + rule_);
  return std::move(outcome_);
}

}  // namespace

Outcome open_session(const Request& request, const Options& options, const System& system) {
  return Login(request, options, system).open();
}

void close_session(const Request& request, const Options& options, const Moved& moved, const System& system) {
  const ProcChos kernel(options.proc);
  const auto now = kernel.current();
  if (!now || *now != moved.os) return;
  const Syslog journal(log_name, request.service, system.log.c_str());
  if (const auto left = kernel.enter("/"); !left) {
    journal.write(LOG_WARNING, "the session of " + in_quotes(request.user) + " ends in " +
                                   in_quotes(moved.os) + ": " + left.error().what);
    return;
  }
  if (moved.persona) (void)set_persona(*moved.persona);
  // Otherwise the process would stay in the farm, which could then not be taken down.
  if (moved.cwd.empty() || ::chdir(moved.cwd.c_str()) != 0) (void)!::chdir("/");
  if (options.debug)
    journal.write(LOG_DEBUG,
                  "the session of " + in_quotes(request.user) + " in " + in_quotes(moved.os) + " has ended");
}

bool has_expired_password(const std::string& user) {
  struct spwd space {};
  struct spwd* entry = nullptr;
  char buffer[4096];
  if (::getspnam_r(user.c_str(), &space, buffer, sizeof buffer, &entry) != 0 || entry == nullptr)
    return false;
  const long today = static_cast<long>(std::time(nullptr) / (24L * 60 * 60));
  if (entry->sp_lstchg == 0) return true;
  return entry->sp_lstchg > 0 && entry->sp_max >= 0 && today - entry->sp_lstchg > entry->sp_max;
}

std::string first_program(const std::string& service, const std::string& shell) {
  if (service == "systemd-user") return "/lib/systemd/systemd";
  if (service == "cron" || service == "crond" || service == "atd") return "/bin/sh";
  return shell;
}

}  // namespace chos::pam
