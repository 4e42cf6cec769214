#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# chosctl batch on a cell of Grid Engine: after `enable`, jobs run in OSs; a second `enable` changes nothing;
# `disable` restores the original state.
. "${0%/*}/sge-lib.sh"
fresh
queue_has starter_method NONE
echo '-l h_rt=1:0:0' >$cell/sge_request
was="$(qconf -sq main.q; cat $cell/sge_request)"
echo 'cat /etc/chos-mark' >/home/alice/job.sh
expect 0 submit trixie job.sh
job_said base "a job before"

expect 0 chosctl batch enable sge
expect 0 submit trixie job.sh
job_said trixie "a job when it is enabled"
expect 0 chosctl batch status sge
says enabled
enabled="$(qconf -sq main.q; cat $cell/sge_request)"
expect 0 chosctl batch enable sge
equal "$(qconf -sq main.q; cat $cell/sge_request)" "$enabled" "enabled twice"

expect 0 chosctl batch disable sge
equal "$(qconf -sq main.q; cat $cell/sge_request)" "$was" "disabled"
expect 0 submit trixie job.sh
job_said base "a job afterwards"

# A starter method of the site is not overwritten.
queue_has starter_method /bin/site-starter
expect 1 chosctl batch enable sge
says /bin/site-starter
qconf -sq main.q >$output
says /bin/site-starter
queue_has starter_method NONE
finished
