# SPDX-License-Identifier: BSD-3-Clause
# A tree that is mounted after the boot is open from then on, and closed when it goes, without any
# command.
. "${0%/*}/reboot-lib.sh"
expect 126 as alice chos -o late true
says "its tree is not there"
mkdir -p $trees/late
expect 126 as alice chos -o late true
mount --bind $trees/bullseye $trees/late
heard "'late' is open: its tree is there"
expect 0 as alice chos -o late cat /etc/chos-mark
says bullseye
# Prepared as any other: what it shares with the base is the base's.
expect 0 as alice chos -o late id -un
says alice
equal "$(stat -c %i /chos/os/late/.)" "$(stat -c %i $trees/late)" "the tree in the farm"
expect 0 chosctl status --json
says_not '"tree_present": false'

umount $trees/late || fail "the base cannot unmount it"
heard "'late' is closed: its tree is gone"
expect 126 as alice chos -o late true
! grep -q ' /chos/os/late' /proc/1/mountinfo || fail "the farm keeps it"

# With nothing left to watch it ends, and it is not started again.
expect 0 chosctl down
heard "chos is down: nothing is left to watch"
expect 0 chosctl up
expect 0 systemctl restart chos
expect 0 systemctl is-active chos chos-watch
