#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A node boots while the server of one of its trees is unreachable: the node is in service, and that OS is
# closed until the server is reachable.  Then the server fails again: only processes in that OS wait.
. "${0%/*}/server-lib.sh"

if [ "$CHOS_BOOT" = 1 ]; then
  server_is_up
  mounted_by_fstab bg
  expect 0 mount /net/trees
  fresh_store
  expect 0 chosctl os add far dir:/net/trees/oci
  enters far
  rm /home/alice/.chos
  boots_without_server
fi
is_in_service
echo "chos.service took $(start_time) ms"
choose alice deb12
expect 0 ssh alice@node cat /proc/chos/setchos
equal "$(cat $output)" deb12 "where alice is"
closed_without_tree far
server_returns
watch_says "'far' is open: its tree is there"
enters far

# Another directory of the server is one that all OSs share, such as the configuration of Slurm.
mkdir -p /etc/slurm
expect 0 mount -t nfs4 -o ro,vers=4.2 trees:/oci/etc /etc/slurm
expect 0 chosctl reload
shared() {
  expect 0 as alice timeout $((30 * CHOS_TIME_SCALE)) chos -o deb12 cat /etc/slurm/os-release
  says ID=tiny
}
shared

# The server fails while alice is inside and its file system is mounted.
mkfifo -m 666 /run/alice /run/go
ssh -n alice@node 'cat /proc/chos/setchos >/run/alice; read -r line </run/go; exec cat /etc/os-release' >/run/said &
session=$!
equal "$(timeout 60 cat /run/alice)" far "where alice is"
server_goes
others_do_not_wait
says "/etc/slurm of the base OS does not answer"
expect 0 in_time 60 chosctl reload
says "/etc/slurm of the base OS does not answer"
echo go >/run/go
server_returns
wait $session || fail "alice's session ended with $?"
grep -q ID=tiny /run/said || fail "alice saw $(cat /run/said)"
enters far
watch_says "'far' is open: its tree is there"
shared
take_down_without_server
expect 0 umount /etc/slurm
rmdir /etc/slurm
