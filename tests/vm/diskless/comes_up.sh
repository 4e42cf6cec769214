#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A diskless node, as in most clusters: its root is a read-only image, with changes kept in memory.  It boots
# into service with its OSs, chos adds the files that a tree lacks, and `chosctl down` leaves nothing.
. "${0%/*}/diskless-lib.sh"
equal "$(findmnt -no FSTYPE /)" overlay "the root's file system"
came_up
expect 0 journalctl -q -b -o cat -u chos.service
says "1 OS is closed because its tree is missing: late"
# Reload, because set-up.sh has changed the trees after the boot.
expect 0 systemctl reload chos
echo trixie >/home/alice/.chos
chown alice: /home/alice/.chos
lands alice trixie
expect 0 as alice chos -o bullseye id -un
equal "$(cat $output)" alice "alice's name in bullseye"
# An image, which lacks files that OSs share, and a tree that is made here.
expect 0 chosctl os add small "image:${0%/*}/small.squashfs"
small_tree_at /srv/tree || fail "no tree"
tar -C /srv/tree -cf /srv/tree.tar .
expect 0 chosctl os add made tar:/srv/tree.tar
for os in small made; do
  expect 0 as alice chos -o $os sh -c 'cat /etc/os-release; grep -c alice /etc/passwd'
  says 1
done
expect 0 chosctl os verify
expect 0 chosctl os remove small
expect 0 chosctl os remove made
# A file system that the base OS mounts later must not prevent `chosctl down`.
mkdir /srv/late
mount -t tmpfs late /srv/late
expect 0 chosctl down
expect 3 chosctl status
