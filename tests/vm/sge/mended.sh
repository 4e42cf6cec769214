#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A job that could not have its OS runs when an administrator has seen to it.
. "${0%/*}/sge-lib.sh"
fresh
echo 'touch ran; cat /etc/chos-mark' >/home/alice/job.sh
allowlist trixie:/os/trixie:closed bullseye:/os/bullseye
expect 0 chosctl reload
refused trixie "'trixie' is closed"
allowlist trixie:/os/trixie bullseye:/os/bullseye
expect 0 chosctl reload
rm -f $said
# Its exit status is 1 when it has done it, too.
qmod -cj "$job" >$output 2>&1
says "cleared error state of job $job"
# Grid Engine lets a minute pass.  Nothing but the queue tells of the end of a job that nobody waits
# for.
until_state "$job" ""
job_said trixie "the job that had to wait"
[ -e /home/alice/ran ] || fail "it did not run"
finished
