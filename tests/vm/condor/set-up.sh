# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: an HTCondor pool on the loopback interface.

. "$tests/login-set-up"
eval "login_$(declare -f set_up)"

set_up() {
  login_set_up
  "$tests/busybox" ip link set lo up
  # 4 processors, whatever the machine has, and short intervals for everything periodic.
  cat >/etc/condor/config.d/10-pool.conf <<'END'
CONDOR_HOST = 127.0.0.1
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
use ROLE: CentralManager
use ROLE: Submit
use ROLE: Execute
NUM_CPUS = 4
MEMORY = 4000
RUNBENCHMARKS = False
NEGOTIATOR_INTERVAL = 1
NEGOTIATOR_CYCLE_DELAY = 1
SCHEDD_INTERVAL = 5
UPDATE_INTERVAL = 5
PERIODIC_EXPR_INTERVAL = 5
JOB_START_DELAY = 0
END
  echo 'include : /usr/share/chos/condor/50-chos.conf' >/etc/condor/config.d/50-chos.conf
  systemctl start condor
}

stop_daemons() { systemctl stop condor; }
