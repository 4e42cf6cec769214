// SPDX-License-Identifier: BSD-3-Clause
#include "lib/base_command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "lib/launch.h"
#include "lib/names.h"

namespace chos {
namespace {

bool is_chos_base(const std::string& file, const struct stat& info,
                  const std::optional<FileIdentity>& self) {
  if (self && info.st_dev == self->device && info.st_ino == self->inode) return true;
  // Another copy: two that find each other would never end.
  char real[PATH_MAX];
  return ::realpath(file.c_str(), real) != nullptr &&
         std::string_view(real).ends_with("/chos-base");
}

}  // namespace

// Names that other programs have too are left out: qmake is Qt's, btop a monitor.
std::vector<std::string> default_base_commands() {
  return {// Slurm
          "sbatch", "srun", "salloc", "squeue", "scancel", "sinfo", "scontrol", "sacct", "sacctmgr",
          "sstat", "sprio", "sbcast", "sattach", "strigger", "sshare", "sreport", "sdiag",
          "scrontab",
          // Grid Engine, and what PBS has by the same names
          "qsub", "qstat", "qdel", "qrsh", "qalter", "qhost", "qacct", "qconf", "qhold", "qrls",
          "qlogin", "qsh", "qmod", "qresub", "qselect", "qquota", "qrdel", "qrstat", "qrsub",
          // PBS and Torque
          "qmove", "qmsg", "qorder", "qrerun", "qsig", "qmgr", "pbsnodes", "pbsdsh", "pbs_rsub",
          "pbs_rstat", "pbs_rdel",
          // HTCondor
          "condor_submit", "condor_submit_dag", "condor_q", "condor_rm", "condor_status",
          "condor_hold", "condor_release", "condor_history", "condor_wait", "condor_qedit",
          "condor_prio", "condor_run", "condor_tail", "condor_ssh_to_job", "condor_transfer_data",
          "condor_userprio", "condor_userlog", "condor_vacate_job", "condor_version",
          "condor_config_val", "htcondor",
          // LSF
          "bsub", "bjobs", "bkill", "bqueues", "bhosts", "bhist", "bacct", "bpeek", "bmod", "bstop",
          "bresume", "bswitch", "brequeue", "bparams", "busers", "bgadd", "bgdel", "bjgroup",
          "blimits", "bresources", "lsid", "lsload", "lshosts"};
}

std::string command_problem(const std::string& name) {
  if (name == "chos" || name == "chos-base" || name == "chosctl")
    return in_quotes(name) + " is of chos itself; expected another command";
  // As an OS's name: neither a path nor a word that a shell takes for more than a name.
  if (!name_problem(name).empty())
    return "expected the name of a command, without a path, found " + in_quotes(name);
  return {};
}

std::optional<FileIdentity> identity_of(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return std::nullopt;
  return FileIdentity{info.st_dev, info.st_ino};
}

FoundCommand find_command(const std::string& name, const std::string& path,
                          const std::optional<FileIdentity>& self) {
  FoundCommand found;
  for (const auto directory : split(path, ':')) {
    if (!directory.starts_with('/')) continue;
    const std::string file = std::string(directory) + (directory.ends_with('/') ? "" : "/") + name;
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0 || S_ISDIR(info.st_mode)) continue;
    if (is_chos_base(file, info, self)) {
      found.itself = true;
    } else if (executable(file)) {
      found.file = file;
      return found;
    } else if (found.denied.empty()) {
      found.denied = file;
    }
  }
  return found;
}

}  // namespace chos
