#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# chosctl batch on a Slurm cluster: after `enable`, jobs run in OSs; a second `enable` changes nothing; doctor
# checks the directories that jobs need in an OS; `disable` restores the original state.
. "${0%/*}/slurm-lib.sh"
cluster
files() { sha256sum /etc/slurm/*; }
on_both rm /etc/slurm/plugstack.conf
was=$(files)
job 255 alice srun --chos=trixie true
says "unrecognized option '--chos=trixie'"
expect 0 chosctl batch status slurm
says "not enabled"

on_both chosctl batch enable slurm >$output 2>&1 || fail "chosctl batch enable"
job 0 alice srun -N "$(nodes)" --chos=trixie sh -c "$probe"
tells trixie node1 $second
expect 0 chosctl batch status slurm
says enabled
enabled=$(files)
expect 0 chosctl batch enable slurm
equal "$(files)" "$enabled" "enabled twice"

# doctor finds the spool directory in the OSs, and reports it missing if it is not shared.
chosctl doctor >$output 2>&1
says "jobs of Slurm run in OSs"
says_not "SlurmdSpoolDir"
printf '[share]\nremove = ["/var/spool"]\n' >/etc/chos.conf
expect 0 chosctl down
expect 0 chosctl up
expect 1 chosctl doctor
says "SlurmdSpoolDir of Slurm, /var/spool/slurmd, is not visible in"
rm /etc/chos.conf
expect 0 chosctl reload

on_both chosctl batch disable slurm >$output 2>&1 || fail "chosctl batch disable"
equal "$(files)" "$was" "disabled"
job 255 alice srun --chos=trixie true
# Restored for the cases that follow.
on_both sh -c 'echo "required spank_chos.so" >/etc/slurm/plugstack.conf'
finished
