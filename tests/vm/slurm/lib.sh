# SPDX-License-Identifier: BSD-3-Clause
# Functions for the cases with Slurm, in addition to those in node/lib.sh.

. "${0%/*}/lib.sh"
[ -e /sys/class/net/eth0 ] && second=node2 || second=
# The working directory of jobs.  It exists on both nodes, while the homes are separate.
work=/tmp/jobs

# Prints where it runs: the mark of the OS, what setchos shows, $CHOS, the node, the working directory.
probe='echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos 2>/dev/null || echo /) ${CHOS-unset} $SLURMD_NODENAME $PWD"'

# place OS: the first two words that the probe prints there.
place() {
  case $1 in
    base) echo "base /" ;;
    *) echo "$1 $1" ;;
  esac
}

# on_both COMMAND...: runs a command on both nodes.
on_both() {
  "$@" || return
  [ -z "$second" ] || ssh node2 "$(printf '%q ' "$@")"
}

# Waits for the second node, which may come up later than the first.
second_is_up() {
  local try
  [ -n "$second" ] || return 0
  for try in $(seq $((60 * CHOS_TIME_SCALE))); do
    ssh node2 true 2>/dev/null && return
    sleep 1
  done
  fail "node2 does not come up"
}

# to_second PATH...: copies files to the second node.
to_second() {
  [ -z "$second" ] || tar -C / -c "${@#/}" | ssh node2 tar -C / -x
}

# mounts [ssh NODE]: the mount points of a node's base OS, without /run/user/UID, which systemd unmounts some
# time after a session.
mounts() { "$@" cat /proc/1/mountinfo | awk '$5 !~ "/run/user/" { print $5 }' | sort; }
# same_mounts MOUNTS [ssh NODE]: they are the mounts of that node now.
same_mounts() {
  local added
  added=$(diff <(echo "$1") <(mounts "${@:2}")) || fail "mounts: $(tr '\n' ' ' <<<"$added")"
}

# cluster [LINE...]: makes the state from which most cases start: chos is up on both nodes with two OSs and
# those in the given lines of the allowlist, the plugin is enabled, all daemons run, and no job does.
cluster() {
  cd / || exit 1
  rm -f /etc/chos.conf /home/*/.chos
  allowlist trixie:/os/trixie bullseye:/os/bullseye "$@"
  echo "required spank_chos.so" >/etc/slurm/plugstack.conf
  rm -rf $work
  mkdir -m 777 $work
  second_is_up
  to_second /etc/chos /etc/slurm $work
  on_both chosctl up >$output 2>&1 || fail "chosctl up"
  on_both chosctl reload >$output 2>&1 || fail "chosctl reload"
  daemons
  cd $work || exit 1
  mounts_before=$(mounts)
}

daemons() {
  systemctl -q is-active slurmctld || {
    systemctl start slurmctld || fail "slurmctld does not start: $(tail /var/log/slurmctld.log)"
  }
  on_both sh -c 'systemctl -q is-active slurmd || systemctl start slurmd' || fail "slurmd"
  # This job waits until the nodes are ready.
  expect 0 in_time 60 srun -N "$(nodes)" --chos=base true
}
nodes() { [ -z "$second" ] && echo 1 || echo 2; }

# in_time SECONDS COMMAND...: kills the command after this time, which is longer on an emulated machine.
in_time() {
  local limit=$1
  shift
  timeout -k 5 $((limit * (CHOS_TIME_SCALE > 1 ? 6 : 1))) "$@"
}

# job STATUS USER COMMAND...: runs a command of Slurm as that user; it must exit with STATUS, and in time.
job() {
  local status=$1 user=$2
  shift 2
  expect "$status" in_time 30 setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i HOME="/home/$user" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
    PATH=/usr/local/bin:/usr/bin:/bin "$@"
}

# batch [NAME=VALUE...] -- [OPTION...] SCRIPT-LINE: runs the line by sbatch on node1; its output is in
# $output.
batch() {
  local line=${*: -1}
  set -- "${@:1:$#-1}"
  rm -f $work/out
  local variables=()
  while [ "$1" != -- ]; do
    variables+=("$1")
    shift
  done
  shift
  job 0 alice "${variables[@]}" sbatch -W -w node1 -o $work/out "$@" --wrap "$line"
  cp $work/out $output
}

# tells OS [NODE...]: the output has the line of the probe in that OS for each node, and no other line.
tells() {
  local os=$1 node
  shift
  grep -v '^srun: job\|^Submitted' $output | sort >$output.lines
  for node in "${@:-node1}"; do echo "$(place "$os") $os $node $work"; done | sort >$output.wanted
  cmp -s $output.lines $output.wanted || fail "wanted $(tr '\n' '|' <$output.wanted)"
}

# Checks that nothing of the jobs is left on any node, and that all nodes are in service.
finished() {
  local node
  for node in node1 $second; do
    # One of them, which has no step and holds their cgroup, stays; the pattern does not match it.
    ssh $node 'for pid in $(pgrep -f "^slurmstepd: "); do timeout 300 tail --pid=$pid -f /dev/null; done'
    equal "$(ssh $node cat /proc/chos/processes 2>/dev/null)" "" "processes in an OS on $node"
  done
  # This job gets its nodes when they have finished all earlier ones.
  expect 0 in_time 60 srun -N "$(nodes)" --exclusive --chos=base true
  same_mounts "$mounts_before"
  # The controller may count that job itself for a moment after its srun has ended.
  in_time 60 sh -c 'until [ "$(sinfo -h -o %t -N | sort -u)" = idle ]; do :; done'
  equal "$(sinfo -h -o '%t' -N | sort -u)" idle "state of the nodes ($(sinfo -R -h))"
}

# Prints the ends of the daemons' logs, for a case that fails.
logs() {
  local node
  tail -n 20 /var/log/slurmctld.log
  for node in node1 $second; do
    echo "$node:"
    ssh $node 'tail -n 20 /var/log/slurmd.log; ps -e -o pid,user,wchan,args | grep -v "\]$" | tail -n 25'
  done
}
