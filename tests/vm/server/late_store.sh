#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The same on a node all of whose trees, with chosctl's records, are on the server, mounted by an automounter.
. "${0%/*}/server-lib.sh"

if [ "$CHOS_BOOT" = 1 ]; then
  server_is_up
  mounted_by_fstab noauto,x-systemd.automount,x-systemd.mount-timeout=15
  systemctl start net-trees.automount
  printf '[farm]\ntrees = "/net/trees"\n' >/etc/chos.conf
  tree=/net/trees
  fresh_store
  enters deb12
  rm /home/alice/.chos
  boots_without_server
fi
is_in_service
echo "chos.service took $(start_time) ms"
expect 0 ssh alice@node id -un
equal "$(cat $output)" alice "the user who logs in to the base OS"
for os in deb12 squash oci; do closed_without_tree $os; done
server_returns
watch_says "'deb12' is open: its tree is there"
enters deb12
for os in squash oci; do expect 0 as alice chos -o $os id -un; done
server_goes
others_do_not_wait
# Commands that need the store report that it does not answer.
expect 1 in_time 60 chosctl os list
says "does not answer"
server_returns
expect 0 as alice timeout $((30 * CHOS_TIME_SCALE)) chos -o deb12 true
take_down_without_server
rm /etc/chos.conf
