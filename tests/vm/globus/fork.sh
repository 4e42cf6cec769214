#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Grid jobs that the gatekeeper forks run in the OS in their description, or in that of ~/.chos; a job that
# cannot enter it is refused with the reason.
. "${0%/*}/globus-lib.sh"
fresh_grid
choose alice trixie
choose bob bullseye
lands fork trixie alice
lands fork bullseye bob

# $CHOS in the description takes precedence, and does not affect the next job.
expect 0 job fork alice -env CHOS=bullseye /bin/cat /etc/chos-mark
equal "$(cat $output)" bullseye "the description's OS"
lands fork trixie alice
choose alice bullseye
lands fork bullseye alice
rm /home/alice/.chos
lands fork base alice

# Arguments, standard input, working directory, a program that is staged, and a program that only the OS has.
choose alice trixie
expect 0 job fork alice /usr/bin/printf '<%s>' 'a  b' '$HOME' "it's" '*' -x
equal "$(cat $output)" "<a  b><\$HOME><it's><*><-x>" "arguments"
mkdir -p /home/alice/there && chown alice: /home/alice/there
printf '#!/bin/bash\nread -r line\necho "$(cat /etc/chos-mark) $PWD $1 $line $CHOS"\n' >/home/alice/along
chmod 755 /home/alice/along
echo some input >/home/alice/input
expect 0 job fork alice -stdin -s input -dir /home/alice/there -s along one
equal "$(cat $output)" "trixie /home/alice/there one some input trixie" "a staged job"
printf '#!/bin/sh\necho only here\n' >$tree/trixie/usr/bin/only-in-trixie
chmod 755 $tree/trixie/usr/bin/only-in-trixie
expect 0 job fork alice /usr/bin/only-in-trixie
equal "$(cat $output)" "only here" "a program that the base does not have"
choose alice bullseye
expect 5 job fork alice /usr/bin/only-in-trixie
says "the executable does not exist"
rm $tree/trixie/usr/bin/only-in-trixie

# refused REASON: a job of alice's is refused with that reason, and does not run.
refused() {
  rm -f /home/alice/ran
  expect 17 job fork alice /usr/bin/touch /home/alice/ran
  says "Details: "
  says "$1"
  says "the job was not started"
  [ ! -e /home/alice/ran ] || fail "it ran"
}
choose alice sarge
refused "/home/alice/.chos names 'sarge', which is not in /etc/chos"
rm /home/alice/.chos
in_home alice mkfifo .chos
refused "/home/alice/.chos is a FIFO"
rm /home/alice/.chos
choose alice "$(printf '%0300d' 0)"
refused "expected at most 255"
choose alice trixie
allowlist trixie:/os/trixie:closed bullseye:/os/bullseye
expect 0 chosctl reload
refused "'trixie' is closed"
choose alice base
lands fork base alice
finished
