#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# chosctl batch on a pool of HTCondor: jobs then run in OSs, twice changes nothing, doctor knows it, and
# disabled all is as it was.
. "${0%/*}/condor-lib.sh"
page=/etc/condor/config.d/50-chos.conf
page_line=$(cat $page)
fresh
# job NAME OS: a job of trixie's says that it is in OS.
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
# The line of the page is known for what it is.
expect 0 chosctl batch status condor
says enabled
expect 0 chosctl batch enable condor
equal "$(cat $page)" "$page_line" "enabled where the page's line is"

rm $page
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
says_not "is not to be seen in"

# The check of the page, to the letter.
sed -n "/^The check/,/^It says/{ s/^    //p; }" /usr/share/chos/condor/README.md >check.sh
expect 0 as alice sh check.sh
equal "$(tail -n 1 $output)" trixie "the check of the page"

expect 0 chosctl batch disable condor
expect 0 condor_reconfig
equal "$(sha256sum /etc/condor/config.d/*)" "$was" "disabled"
job afterwards base
echo "$page_line" >$page
expect 0 condor_reconfig
finished
