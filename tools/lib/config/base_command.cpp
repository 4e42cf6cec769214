// SPDX-License-Identifier: BSD-3-Clause
#include "config/base_command.h"

#include "allowlist/names.h"
#include "basic/text.h"

namespace chos {
// Without names that other programs have too: qmake is also Qt's, btop a monitor.
std::vector<std::string> default_base_commands() {
  return {// Slurm
          "sbatch", "srun", "salloc", "squeue", "scancel", "sinfo", "scontrol", "sacct", "sacctmgr", "sstat",
          "sprio", "sbcast", "sattach", "strigger", "sshare", "sreport", "sdiag", "scrontab",
          // Grid Engine, and what PBS has by the same names
          "qsub", "qstat", "qdel", "qrsh", "qalter", "qhost", "qacct", "qconf", "qhold", "qrls", "qlogin",
          "qsh", "qmod", "qresub", "qselect", "qquota", "qrdel", "qrstat", "qrsub",
          // PBS and Torque
          "qmove", "qmsg", "qorder", "qrerun", "qsig", "qmgr", "pbsnodes", "pbsdsh", "pbs_rsub", "pbs_rstat",
          "pbs_rdel",
          // HTCondor
          "condor_submit", "condor_submit_dag", "condor_q", "condor_rm", "condor_status", "condor_hold",
          "condor_release", "condor_history", "condor_wait", "condor_qedit", "condor_prio", "condor_run",
          "condor_tail", "condor_ssh_to_job", "condor_transfer_data", "condor_userprio", "condor_userlog",
          "condor_vacate_job", "condor_version", "condor_config_val", "htcondor",
          // LSF
          "bsub", "bjobs", "bkill", "bqueues", "bhosts", "bhist", "bacct", "bpeek", "bmod", "bstop",
          "bresume", "bswitch", "brequeue", "bparams", "busers", "bgadd", "bgdel", "bjgroup", "blimits",
          "bresources", "lsid", "lsload", "lshosts"};
}

std::string command_problem(const std::string& name) {
  if (name == "chos" || name == "chos-base" || name == "chosctl")
    return in_quotes(name) + " is of chos itself; expected another command";
  // The rules for names of OSs exclude paths and characters that are special to a shell.
  if (!name_problem(name).empty())
    return "expected the name of a command, without a path, found " + in_quotes(name);
  return {};
}

}  // namespace chos
