#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Grid jobs that Debian's own job manager submits to Grid Engine run in the OS of ~/.chos; a job that cannot
# enter it is held with the reason.
. "${0%/*}/globus-lib.sh"
fresh_grid
(cd / && grep 'sge\.pm$' /var/lib/dpkg/info/globus-gram-job-manager-sge.md5sums |
  md5sum -c --quiet) || fail "the job manager differs from Debian's"
choose alice trixie
choose bob bullseye
both sge trixie bullseye

# This job manager does not notice that a job is held, so a client would wait for ever: do not wait.
choose alice sarge
expect 0 in_home alice globusrun -b -r node.grid/jobmanager-sge \
  "&(executable=/usr/bin/touch)(arguments=/home/alice/ran)(stderr=/home/alice/reason)"
contact=$(grep -o 'https://.*' $output)
for try in $(seq $((60 * CHOS_TIME_SCALE))); do
  qstat -u alice | grep -q ' Eqw ' && break
  sleep 1
done
qstat -u alice >$output
says " Eqw "
cp /home/alice/reason $output
says "\$CHOS names 'sarge', which is not in /etc/chos"
[ ! -e /home/alice/ran ] || fail "it ran"
in_home alice globus-job-cancel -f "$contact"
qdel -f -u alice

rm /home/alice/.chos
both sge base bullseye
finished
