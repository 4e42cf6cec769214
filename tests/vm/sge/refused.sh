#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A job that cannot have its OS is not run: it waits in the error state, the reason is told, and it
# runs when an administrator has seen to it.
. "${0%/*}/sge-lib.sh"
fresh
echo 'touch ran; cat /etc/chos-mark' >/home/alice/job.sh

# state NUMBER: as qstat shows it.
state() { qstat -u '*' | awk -v job="$1" '$1 == job { print $5 }'; }

# until_state NUMBER STATE
until_state() {
  local try
  for try in $(seq $((60 * CHOS_TIME_SCALE))); do
    [ "$(state "$1")" = "$2" ] && return
    sleep 1
  done
  qstat -u '*' >$output
  fail "job $1 is in state \"$(state "$1")\", wanted \"$2\""
}

# refused OS REASON: leaves the number of the job in $job.
refused() {
  rm -f $said /home/alice/ran
  expect 0 in_home alice CHOS="$1" qsub -terse -cwd -j y -o said job.sh
  job=$(cat $output)
  until_state "$job" Eqw
  expect 0 qstat -j "$job"
  says "job start = 100"
  cp $said $output
  says "$2"
  says "the job was not started"
  equal "$(wc -l <$said)" 1 "lines"
  [ ! -e /home/alice/ran ] || fail "it ran"
  journalctl --sync
  journalctl -q -b -o cat SYSLOG_IDENTIFIER=chos_jobstarter | grep -qF "$2" || fail "the log lacks it"
}

# The other queued jobs are not held up by one that failed: a later one runs.
refused sarge "\$CHOS names 'sarge', which is not in /etc/chos"
expect 0 submit trixie job.sh
job_said trixie "the next job"
expect 0 qdel "$job"

allowlist trixie:/os/trixie:closed bullseye:/os/bullseye:groups=bob
expect 0 chosctl reload
refused bullseye "'bullseye' is for the members of the group 'bob'"
expect 0 qdel "$job"
refused trixie "'trixie' is closed"
allowlist trixie:/os/trixie gone:/os/gone
expect 0 chosctl reload
rm -f $said
expect 0 qmod -cj "$job"
# Nothing tells of the end of a job that nobody waited for, but the queue.
until_state "$job" ""
job_said trixie "the job that had to wait"

refused gone "gone"
expect 0 qdel "$job"

# A job at once has its answer at once.
rm -f /home/alice/ran
expect 100 in_home alice CHOS=sarge qrsh -now n -cwd touch ran
says "\$CHOS names 'sarge'"
[ ! -e /home/alice/ran ] || fail "it ran"

# Without the module nothing but the base OS can be had.
expect 0 chosctl down
refused trixie "is not loaded"
expect 0 qdel "$job"
expect 0 submit - job.sh
job_said base "a job for the base OS"
expect 0 chosctl up
finished
