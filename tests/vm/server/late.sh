#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A node boots while the server of one of its trees is away: it is in service, that OS is closed, and opens
# by itself when the server is there.  Later the server goes again: who is in the OS waits, nobody else does.
. "${0%/*}/server-lib.sh"

if [ "$CHOS_BOOT" = 1 ]; then
  server_is_up
  mounted_by bg
  expect 0 mount /net/trees
  fresh_store
  expect 0 chosctl os add far dir:/net/trees/oci
  enters far
  rm /home/alice/.chos
  boots_without_server
fi
is_in_service
echo "chos.service took $(in_service) ms"
choose alice deb12
expect 0 ssh alice@node cat /proc/chos/setchos
equal "$(cat $output)" deb12 "where alice is"
closed_for_want far
server_returns
heard "'far' is open: its tree is there"
enters far

# Another directory of the server is one that all OSs show: the configuration of Slurm, say.
mkdir -p /etc/slurm
expect 0 mount -t nfs4 -o ro,vers=4.2 trees:/oci/etc /etc/slurm
expect 0 chosctl reload
shared() {
  expect 0 as alice timeout $((30 * CHOS_TIME_SCALE)) chos -o deb12 cat /etc/slurm/os-release
  says ID=tiny
}
shared

# It goes, with alice inside and its file system mounted.
mkfifo -m 666 /run/alice /run/go
ssh -n alice@node 'cat /proc/chos/setchos >/run/alice; read -r line </run/go; exec cat /etc/os-release' >/run/said &
session=$!
equal "$(timeout 60 cat /run/alice)" far "where alice is"
server_goes
others_go_on far
says "/etc/slurm of the base OS does not answer"
expect 0 in_time 60 chosctl reload
says "/etc/slurm of the base OS does not answer"
echo go >/run/go
server_returns
wait $session || fail "alice's session ended with $?"
grep -q ID=tiny /run/said || fail "alice saw $(cat /run/said)"
enters far
heard "'far' is open: its tree is there"
shared
ends
expect 0 umount /etc/slurm
rmdir /etc/slurm
