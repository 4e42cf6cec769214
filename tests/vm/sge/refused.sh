#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A job that cannot enter its OS does not run: it stays in the error state, and the reason is reported.
. "${0%/*}/sge-lib.sh"
fresh
echo 'touch ran; cat /etc/chos-mark' >/home/alice/job.sh
# A job in the error state does not block the queue: a later job runs.
refused sarge "\$CHOS names 'sarge', which is not in /etc/chos"
expect 0 submit trixie job.sh
job_said trixie "the next job"
expect 0 qdel "$job"

allowlist trixie:/os/trixie:closed bullseye:/os/bullseye:groups=bob
expect 0 chosctl reload
refused bullseye "'bullseye' is for the members of the group bob"
expect 0 qdel "$job"
refused trixie "'trixie' is closed"
expect 0 qdel "$job"
allowlist trixie:/os/trixie bullseye:/os/bullseye
expect 0 chosctl reload

mv $tree/bullseye $tree/away
refused bullseye "its tree is missing"
mv $tree/away $tree/bullseye
expect 0 qdel "$job"

# An interactive job fails immediately.
rm -f /home/alice/ran
expect 100 in_home alice CHOS=sarge qrsh -now n -cwd touch ran
says "\$CHOS names 'sarge'"
[ ! -e /home/alice/ran ] || fail "it ran"

# Without the module, only jobs for the base OS run.
expect 0 chosctl down
refused trixie "is not loaded"
expect 0 qdel "$job"
expect 0 submit - job.sh
job_said base "a job for the base OS"
expect 0 chosctl up
finished
