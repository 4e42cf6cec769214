# SPDX-License-Identifier: BSD-3-Clause
# An OS opens when its tree is mounted after the boot, and closes when the tree is unmounted, without any
# command.
. "${0%/*}/reboot-lib.sh"
expect 126 as alice chos -o late true
says "its tree is not there"
mkdir -p $trees/late
expect 126 as alice chos -o late true
mount --bind $trees/bullseye $trees/late
watch_says "'late' is open: its tree is there"
expect 0 as alice chos -o late cat /etc/chos-mark
says bullseye
# It is prepared like any other: shared files are those of the base OS.
expect 0 as alice chos -o late id -un
says alice
equal "$(stat -c %i /chos/os/late/.)" "$(stat -c %i $trees/late)" "the tree in the farm"
expect 0 chosctl status --json
says_not '"tree_present": false'

umount $trees/late || fail "the base OS cannot unmount it"
watch_says "'late' is closed: its tree is gone"
expect 126 as alice chos -o late true
! grep -q ' /chos/os/late' /proc/1/mountinfo || fail "it is still mounted in the farm"

# The same for a directory outside the trees, which must be bound when its file system is mounted.
small_tree_at /srv/trees/far || fail "no tree"
mkdir -p /net/trees
mount --bind /srv/trees /net/trees
expect 0 chosctl os add far dir:/net/trees/far
expect 0 as alice chos -o far cat /etc/os-release
expect 0 systemctl stop chos
umount /net/trees || fail "the base OS cannot unmount it"
expect 0 systemctl start chos chos-watch
expect 126 as alice chos -o far true
says "its tree is not there"
mount --bind /srv/trees /net/trees
watch_says "'far' is open: its tree is there"
expect 0 as alice chos -o far cat /etc/os-release
says ID=far
expect 0 chosctl os remove far
umount /net/trees

# When there is nothing left to watch, chos-watch exits and is not restarted.
expect 0 chosctl down
watch_says "chos is down: nothing is left to watch"
expect 0 chosctl up
expect 0 systemctl restart chos
expect 0 systemctl is-active chos chos-watch
