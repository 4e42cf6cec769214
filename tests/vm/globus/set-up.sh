# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: Grid Engine, and host names for a gatekeeper.  The parts
# that take minutes on an emulated machine are made by the first case that needs them; see lib.sh.

. "$tests/sge-set-up"
eval "sge_$(declare -f set_up)"
eval "sge_$(declare -f stop_daemons)"

set_up() {
  sge_set_up
  # Certificates need the full name, with an address of its own: Grid Engine uses the short name.
  echo '10.0.0.2 node.grid' >>/etc/hosts
  "$tests/busybox" ip address add 10.0.0.2/32 dev lo
}

stop_daemons() {
  systemctl stop globus-gatekeeper slurmd slurmctld munge
  sge_stop_daemons
}
