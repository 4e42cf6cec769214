#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# chosctl batch on an HTCondor pool: after `enable`, jobs run in OSs; a second `enable` changes nothing;
# doctor reports it; `disable` restores the original state.
. "${0%/*}/condor-lib.sh"
config=/etc/condor/config.d/50-chos.conf
readme_line=$(cat $config)
fresh
# job NAME OS: a job with CHOS=trixie runs in OS.
job() {
  submit "$1" CHOS=trixie <<END
executable = /bin/cat
transfer_executable = False
arguments = /etc/chos-mark
output = $1.out
queue
END
  event "$1" 005
  equal "$(cat "$1.out")" "$2" "the job '$1'"
}
# The line that the README of the HTCondor integration gives counts as enabled.
expect 0 chosctl batch status condor
says enabled
expect 0 chosctl batch enable condor
equal "$(cat $config)" "$readme_line" "enabled, with the line of the README"

rm $config
expect 0 condor_reconfig
was="$(sha256sum /etc/condor/config.d/*)"
expect 0 chosctl batch status condor
says "not enabled"
job before base

expect 0 chosctl batch enable condor
expect 0 condor_reconfig
job enabled trixie
expect 0 chosctl batch status condor
says enabled
enabled="$(sha256sum /etc/condor/config.d/*)"
expect 0 chosctl batch enable condor
equal "$(sha256sum /etc/condor/config.d/*)" "$enabled" "enabled twice"
chosctl doctor >$output 2>&1
says "jobs of HTCondor run in OSs"
says_not "is not visible in"

# The check that the README describes, literally.
sed -n "/^The check/,/^It says/{ s/^    //p; }" /usr/share/chos/condor/README.md >check.sh
expect 0 as alice sh check.sh
equal "$(tail -n 1 $output)" trixie "the check of the README"

expect 0 chosctl batch disable condor
expect 0 condor_reconfig
equal "$(sha256sum /etc/condor/config.d/*)" "$was" "disabled"
job afterwards base
echo "$readme_line" >$config
expect 0 condor_reconfig
finished
