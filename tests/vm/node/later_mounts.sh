# SPDX-License-Identifier: BSD-3-Clause
# What the base OS mounts later appears in the farm and inside each OS, and goes again.
. "${0%/*}/lib.sh"
start_node
mkdir -p /home/project
expect 1 as alice chos -o trixie test -e /home/project/data
mount -t tmpfs tmpfs /home/project
echo results >/home/project/data
expect 0 cat /chos/home/project/data
for os in trixie bullseye; do
  expect 0 as alice chos -o $os cat /home/project/data
  says results
done
umount /home/project || fail "the farm keeps the mount busy"
expect 1 as alice chos -o trixie test -e /home/project/data
stop_node
