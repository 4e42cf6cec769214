#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A job that could not enter its OS runs after an administrator has corrected the list and cleared the error.
. "${0%/*}/sge-lib.sh"
fresh
echo 'touch ran; cat /etc/chos-mark' >/home/alice/job.sh
allowlist trixie:/os/trixie:closed bullseye:/os/bullseye
expect 0 chosctl reload
refused trixie "'trixie' is closed"
allowlist trixie:/os/trixie bullseye:/os/bullseye
expect 0 chosctl reload
rm -f $said
# The exit status of qmod is 1 even if it succeeds.
qmod -cj "$job" >$output 2>&1
says "cleared error state of job $job"
# Grid Engine waits a minute before it starts the job.  Only qstat shows the end of a job without -sync.
until_state "$job" ""
job_said trixie "the job whose error was cleared"
[ -e /home/alice/ran ] || fail "it did not run"
finished
