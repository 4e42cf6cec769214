#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Grid jobs that go to Slurm run in the OS in their description, or in that of ~/.chos; a job that cannot
# enter it is refused with the reason.
. "${0%/*}/globus-lib.sh"
fresh_grid
start_slurm
enable_slurm
# The job manager polls Slurm rarely, so run two jobs at a time.
choose alice trixie
choose bob bullseye
both slurm trixie bullseye

printf '#!/bin/sh\necho "only here, $CHOS"\n' >$tree/trixie/usr/bin/only-in-trixie
chmod 755 $tree/trixie/usr/bin/only-in-trixie
expect 0 job slurm alice /bin/sh -c 'only-in-trixie; printf "<%s>" "$@"' sh 'a  b' '$HOME' "it's" '*'
equal "$(cat $output)" "only here, trixie
<a  b><\$HOME><it's><*>" "a program that the base does not have, and arguments"
expect 0 job slurm alice -env CHOS=bullseye /bin/cat /etc/chos-mark
equal "$(cat $output)" bullseye "the description's OS"
rm $tree/trixie/usr/bin/only-in-trixie

# refused REASON: a job of alice's is refused with that reason, and does not run.
refused() {
  rm -f /home/alice/ran
  expect 17 job slurm alice /usr/bin/touch /home/alice/ran
  says "$1"
  [ ! -e /home/alice/ran ] || fail "it ran"
}
choose alice sarge
refused "'sarge', which is not in /etc/chos"
rm /home/alice/.chos
in_home alice mkfifo .chos
refused "/home/alice/.chos is no regular file"
rm /home/alice/.chos
choose alice $'trixie\nbullseye'
refused "/home/alice/.chos has more than one line"
rm /home/alice/.chos
both slurm base bullseye
equal "$(squeue -h)" "" "jobs of Slurm"
finished
