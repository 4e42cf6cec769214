# SPDX-License-Identifier: BSD-3-Clause
# What the cases of Slurm share, beside what all node cases do.

. "${0%/*}/lib.sh"
[ -e /sys/class/net/eth0 ] && second=node2 || second=
# Users' programs are where the jobs' logs are: the homes of the two nodes are not the same.
work=/tmp/jobs

# Says where it runs, and on which node: the OS's mark, the kernel's word, $CHOS, the node, directory.
probe='echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos 2>/dev/null || echo /) ${CHOS-unset} $SLURMD_NODENAME $PWD"'

place() {
  case $1 in
    base) echo "base /" ;;
    *) echo "$1 $1" ;;
  esac
}

on_both() {
  "$@" || return
  [ -z "$second" ] || ssh node2 "$(printf '%q ' "$@")"
}

# The second node may come up later than the first.
second_is_up() {
  local try
  [ -n "$second" ] || return 0
  for try in $(seq $((60 * CHOS_TIME_SCALE))); do
    ssh node2 true 2>/dev/null && return
    sleep 1
  done
  fail "node2 does not come up"
}

# Copies files of the base to the second node.
to_second() {
  [ -z "$second" ] || tar -C / -c "${@#/}" | ssh node2 tar -C / -x
}

# Where mounts of a node's base OS are, without those that systemd makes for a session
# and takes away again in its own time.  mounts [ssh NODE]
mounts() { "$@" cat /proc/1/mountinfo | awk '$5 !~ "/run/user/" { print $5 }' | sort; }
same_mounts() {
  local added
  added=$(diff <(echo "$1") <(mounts "${@:2}")) || fail "mounts: $(tr '\n' ' ' <<<"$added")"
}

# The cluster as most cases want it: both nodes up with two OSs, the plugin, all daemons, idle.
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
  # Waits until the nodes are there.
  expect 0 in_time 60 srun -N "$(nodes)" --chos=base true
}
nodes() { [ -z "$second" ] && echo 1 || echo 2; }

# in_time SECONDS COMMAND...: it ends by then (of a machine that is not emulated: more of others).
in_time() {
  local limit=$1
  shift
  timeout -k 5 $((limit * (CHOS_TIME_SCALE > 1 ? 6 : 1))) "$@"
}

# job STATUS USER WORD...: as a user in the jobs' directory, in time.
job() {
  local status=$1 user=$2
  shift 2
  expect "$status" in_time 30 setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i HOME="/home/$user" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
    PATH=/usr/local/bin:/usr/bin:/bin "$@"
}

# batch NAME=VALUE... -- OPTION... SCRIPT-LINE: runs it by sbatch on node1; its output is in $output.
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

# tells OS [NODE...]: the probe has run there, a line for each node.
tells() {
  local os=$1 node
  shift
  grep -v '^srun: job\|^Submitted' $output | sort >$output.lines
  for node in "${@:-node1}"; do echo "$(place "$os") $os $node $work"; done | sort >$output.wanted
  cmp -s $output.lines $output.wanted || fail "wanted $(tr '\n' '|' <$output.wanted)"
}

# Nothing of the jobs is left on any node, and none is out of service.
finished() {
  local node
  for node in node1 $second; do
    # One without a step, that holds their cgroup, stays.
    ssh $node 'for pid in $(pgrep -f "^slurmstepd: "); do timeout 300 tail --pid=$pid -f /dev/null; done'
    equal "$(ssh $node cat /proc/chos/processes 2>/dev/null)" "" "processes in an OS on $node"
  done
  # Gets its nodes when they are done with what was before.
  expect 0 in_time 60 srun -N "$(nodes)" --exclusive --chos=base true
  same_mounts "$mounts_before"
  # That one itself may not be off the controller's books yet when its srun ends.
  in_time 60 sh -c 'until [ "$(sinfo -h -o %t -N | sort -u)" = idle ]; do :; done'
  equal "$(sinfo -h -o '%t' -N | sort -u)" idle "state of the nodes ($(sinfo -R -h))"
}

# What the daemons said last, for a case that fails.
logs() {
  local node
  tail -n 20 /var/log/slurmctld.log
  for node in node1 $second; do
    echo "$node:"
    ssh $node 'tail -n 20 /var/log/slurmd.log; ps -e -o pid,user,wchan,args | grep -v "\]$" | tail -n 25'
  done
}
