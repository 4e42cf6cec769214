# SPDX-License-Identifier: BSD-3-Clause
# Functions for the cases with HTCondor, in addition to those in node/lib.sh.

. "${0%/*}/lib.sh"
tree=/var/lib/chos/os
jobs=/home/alice/jobs

# Makes the state from which most cases start: chos is up with two OSs, and nothing of an earlier case is
# left.
fresh() {
  cd / || exit 1
  rm -rf /home/*/.chos $jobs
  mkdir $jobs
  chown alice: $jobs
  allowlist trixie:/os/trixie bullseye:/os/bullseye
  expect 0 chosctl up
  expect 0 chosctl reload
  mounts_before=$(mounts)
  # Waits for a slot.
  until condor_status -af Name 2>/dev/null | grep -q .; do
    systemctl -q is-active condor || fail "condor.service is not active"
  done
  cd $jobs || exit 1
  # Prints where it runs: the mark of the OS, what setchos shows, $CHOS, the user, the working directory.
  echo 'echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos) ${CHOS-none} $(id -un) $PWD"' >probe
}

# submit NAME [VARIABLE=VALUE...] <DESCRIPTION: submits a job of alice's with the log NAME.log; $job is its
# cluster.
submit() {
  local name=$1
  shift
  { printf '%s\n' "log = $name.log" 'request_memory = 1' 'request_disk = 1'; cat; } >"$jobs/$name.sub"
  expect 0 as alice "$@" condor_submit -terse "$name.sub"
  job=$(sed 's/\..*//' $output)
}

# event NAME EVENT [N [SECONDS]]: waits until the log of NAME has the event N times.  005: ended, 012: held.
event() {
  local log=$jobs/$1.log tail status
  exec 5< <(exec tail -n +1 -F "$log" 2>/dev/null)
  tail=$!
  timeout $((${4:-45} * CHOS_TIME_SCALE)) grep -m "${3:-1}" "^$2 (" <&5 >$output
  status=$?
  kill $tail
  exec 5<&-
  if [ $status != 0 ] || [ "$(wc -l <$output)" != "${3:-1}" ]; then
    { cat "$log"; condor_q -all; condor_q -all -hold; } >$output 2>&1
    fail "the log of $1 does not have the event $2 ${3:-1} times"
  fi
}

# Waits until the starters have exited, and checks that nothing of the jobs is left.
finished() {
  local pid
  for pid in $(pgrep -x condor_starter); do
    timeout $((20 * CHOS_TIME_SCALE)) tail --pid="$pid" -f /dev/null || fail "a condor_starter is still running"
  done
  equal "$(cat /proc/chos/processes)" "" "processes in an OS"
  equal "$(mounts)" "$mounts_before" "mounts"
  equal "$(ls /var/lib/condor/execute)" "" "the files in EXECUTE"
}
