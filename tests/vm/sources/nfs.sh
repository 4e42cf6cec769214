#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A tree on an NFS server, which is this node itself: logins into it; removing the OS leaves the tree alone.
. "${0%/*}/sources-lib.sh"
fresh_store
mkdir -p /srv/trees /net/trees
cp -a $tree/oci /srv/trees/far
nfs_server '/srv/trees 127.0.0.1(ro,root_squash,no_subtree_check,fsid=0,sec=sys)'
clean_up() {
  umount /net/trees || umount -l /net/trees
  no_nfs_server
} >/dev/null 2>&1
trap clean_up EXIT
expect 0 mount -t nfs4 -o ro,noac 127.0.0.1:/ /net/trees
nothing=$(mounts)
expect 0 chosctl os add far dir:/net/trees/far
mounts_before=$(mounts)
choose alice far
expect 0 ssh alice@node 'cat /proc/chos/setchos; id -un; cat /etc/os-release; pwd'
equal "$(tr '\n' '|' <$output)" 'far|alice|ID=tiny|VERSION_ID="1"|PRETTY_NAME="Tiny 1"|/home/alice|' "the login"
expect 0 chosctl os verify far
expect 0 chosctl os list
says "far "
expect 0 chosctl doctor
rm /home/alice/.chos
finished
expect 0 chosctl os remove far
[ -e /net/trees/far/etc/os-release ] || fail "the server's tree was removed"
equal "$(mounts)" "$nothing" "mounts"
