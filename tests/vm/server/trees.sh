#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# All trees, with chosctl's records, are on an NFS server: logins, a compiler, images; Python's own tests have
# the same results as in a plain chroot of the tree there.
. "${0%/*}/server-lib.sh"
server_is_up
mkdir -p /net/trees
expect 0 mount -t nfs4 -o ro,vers=4.2 trees:/ /net/trees
printf '[farm]\ntrees = "/net/trees"\n' >/etc/chos.conf
tree=/net/trees
fresh_store
equal "$(findmnt -no FSTYPE -T $tree/deb12)" nfs4 "the file system of the trees"
for os in deb12 i386 squash; do compiles $os; done
for os in $small ero; do enters $os; done
expect 0 chosctl os list
for os in $compilers $small; do says "$os "; done
expect 0 chosctl os verify oci
expect 0 chosctl doctor
python_agrees deb12
finished
expect 0 chosctl down
rm /etc/chos.conf
expect 0 umount /net/trees
