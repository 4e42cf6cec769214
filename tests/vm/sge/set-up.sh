# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: a cell of Grid Engine on one host, with a queue of eight
# slots.

. "$tests/login-set-up"
eval "login_$(declare -f set_up)"

set_up() {
  login_set_up
  # Grid Engine accepts no address of the loopback network for a host.
  printf '%s\n' '127.0.0.1 localhost' '10.0.0.1 node' >/etc/hosts
  "$tests/busybox" ip link set lo up
  "$tests/busybox" ip address add 10.0.0.1/32 dev lo
  start_grid_engine
}

start_grid_engine() {
  systemctl start gridengine-master gridengine-exec
  local try
  for try in $(seq $((60 * CHOS_TIME_SCALE))); do  # no event reports that the master is up
    qconf -sel 2>/dev/null | grep -qx node && break
    sleep 1
  done
  qconf -as node
  # The values of `qconf -aq`, but without load thresholds: the load of this node means nothing.
  {
    printf '%s\n' 'qname main.q' 'hostlist node' 'seq_no 0' 'load_thresholds NONE' \
      'suspend_thresholds NONE' 'nsuspend 1' 'suspend_interval 00:05:00' 'priority 0' \
      'min_cpu_interval 00:05:00' 'processors UNDEFINED' 'qtype BATCH INTERACTIVE' \
      'rerun FALSE' 'slots 8' 'tmpdir /tmp' 'shell /bin/sh' 'shell_start_mode posix_compliant' \
      'notify 00:00:60' 'initial_state default'
    printf '%s NONE\n' ckpt_list pe_list prolog epilog starter_method suspend_method resume_method \
      terminate_method owner_list user_lists xuser_lists subordinate_list complex_values projects \
      xprojects calendar
    local limit
    for limit in rt cpu fsize data stack core rss vmem; do
      printf '%s INFINITY\n' s_$limit h_$limit
    done
  } >/run/main.q
  qconf -Aq /run/main.q
  # Start jobs immediately, not in the next cycle of the scheduler.
  qconf -ssconf | sed -E 's/^(schedule_interval) .*/\1 0:0:2/
    s/^(flush_(submit|finish)_sec) .*/\1 1/' >/run/scheduler
  qconf -Msconf /run/scheduler
}

stop_daemons() { systemctl stop gridengine-exec gridengine-master; }
