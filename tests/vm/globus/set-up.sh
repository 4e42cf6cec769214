# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner, before the cases: Grid Engine, and names for a gatekeeper.  What takes
# minutes on an emulated machine is made by the first case that needs it: see lib.sh.

. "$tests/sge-set-up"
eval "sge_$(declare -f set_up)"
eval "sge_$(declare -f stop_daemons)"

set_up() {
  sge_set_up
  # Grid Engine goes by the short name; certificates go by the full one, and its address by itself.
  echo '10.0.0.2 node.grid' >>/etc/hosts
  "$tests/busybox" ip address add 10.0.0.2/32 dev lo
}

stop_daemons() {
  systemctl stop globus-gatekeeper slurmd slurmctld munge
  sge_stop_daemons
}
