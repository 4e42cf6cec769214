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

# The same for a directory elsewhere, which has to be bound when its server is there.
small_tree_at /srv/trees/far || fail "no tree"
mkdir -p /net/trees
mount --bind /srv/trees /net/trees
expect 0 chosctl os add far dir:/net/trees/far
expect 0 as alice chos -o far cat /etc/os-release
expect 0 systemctl stop chos
umount /net/trees || fail "the base cannot unmount it"
expect 0 systemctl start chos chos-watch
expect 126 as alice chos -o far true
says "its tree is not there"
mount --bind /srv/trees /net/trees
heard "'far' is open: its tree is there"
expect 0 as alice chos -o far cat /etc/os-release
says ID=far
expect 0 chosctl os remove far
umount /net/trees

# With nothing left to watch it ends, and it is not started again.
expect 0 chosctl down
heard "chos is down: nothing is left to watch"
expect 0 chosctl up
expect 0 systemctl restart chos
expect 0 systemctl is-active chos chos-watch
