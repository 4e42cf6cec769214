# SPDX-License-Identifier: BSD-3-Clause
# What the cases of HTCondor share, beside what all node cases do.

. "${0%/*}/lib.sh"
tree=/var/lib/chos/os
jobs=/home/alice/jobs


# A node as most cases want it, and nothing of the case before.
fresh() {
  cd / || exit 1
  rm -rf /home/*/.chos $jobs
  mkdir $jobs
  chown alice: $jobs
  allowlist trixie:/os/trixie bullseye:/os/bullseye
  expect 0 chosctl up
  expect 0 chosctl reload
  mounts_before=$(mounts)
  # There is a slot to run on.
  until condor_status -af Name 2>/dev/null | grep -q .; do
    systemctl -q is-active condor || fail "the pool does not run"
  done
  cd $jobs || exit 1
  # Says where it runs: the OS's mark, the module's word, $CHOS, who, in which directory.
  echo 'echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos) ${CHOS-none} $(id -un) $PWD"' >probe
}

# submit NAME [VARIABLE=VALUE...] <DESCRIPTION: alice's, NAME.log is its log.  $job is its cluster.
submit() {
  local name=$1
  shift
  { printf '%s\n' "log = $name.log" 'request_memory = 1' 'request_disk = 1'; cat; } >"$jobs/$name.sub"
  expect 0 as alice "$@" condor_submit -terse "$name.sub"
  job=$(sed 's/\..*//' $output)
}

# event NAME EVENT [N [SECONDS]]: the log of NAME gets to have it N times: 005 has ended, 012 is held.
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
    fail "the log of $1 lacks ${3:-1} times $2"
  fi
}

# Nothing of the jobs is left, once their starters have tidied up.
finished() {
  local pid
  for pid in $(pgrep -x condor_starter); do
    timeout $((20 * CHOS_TIME_SCALE)) tail --pid="$pid" -f /dev/null || fail "a condor_starter stays"
  done
  equal "$(cat /proc/chos/processes)" "" "processes in an OS"
  equal "$(mounts)" "$mounts_before" "mounts"
  equal "$(ls /var/lib/condor/execute)" "" "what is in EXECUTE"
}
