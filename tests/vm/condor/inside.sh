# SPDX-License-Identifier: BSD-3-Clause
# Jobs are submitted from inside an OS that lacks HTCondor, by chos-base; they run in that OS.
. "${0%/*}/condor-lib.sh"
fresh
for os in trixie bullseye; do
  printf '%s\n' "log = $os.log" 'executable = /bin/sh' 'arguments = probe' "output = $os.out" queue >$os.sub
  expect 0 as alice chos -o $os sh -c "cat /proc/chos/setchos; command -v condor_submit
    condor_submit -terse $os.sub && condor_wait -wait $((50 * CHOS_TIME_SCALE)) $os.log; cat /proc/chos/setchos"
  equal "$(head -n 2 $output | tr '\n' ' ')" "$os /usr/local/bin/condor_submit " "the command in $os"
  equal "$(tail -n 1 $output)" $os "the OS after it"
  equal "$(cat $os.out)" "$os $os $os alice $jobs" "the job of $os"
done
# From trixie to another OS, and to the base OS.
for os in bullseye base; do
  module=$os
  [ $os != base ] || module=/
  printf '%s\n' "log = to-$os.log" 'executable = /bin/sh' 'arguments = probe' "output = to-$os.out" \
    "environment = \"CHOS=$os\"" queue >to-$os.sub
  expect 0 as alice chos -o trixie condor_submit to-$os.sub
  event to-$os 005
  equal "$(cat to-$os.out)" "$os $module $os alice $jobs" "the job from trixie to $os"
done
expect 0 as alice chos -o trixie condor_q -totals
says "0 jobs"
finished
