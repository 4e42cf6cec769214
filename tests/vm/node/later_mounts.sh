# SPDX-License-Identifier: BSD-3-Clause
# What the base OS mounts later appears in the farm and inside each OS, and goes again: in a directory that
# is in the farm once, and in one that every tree shows.  There, what was mounted before, too.
. "${0%/*}/lib.sh"
mkdir -p /var/spool/before /var/spool/project
mount -t tmpfs tmpfs /var/spool/before
echo results >/var/spool/before/data
start_node
mkdir -p /home/project

# seen PLACE: by alice in each OS.
seen() {
  local os
  for os in trixie bullseye; do
    expect 0 as alice chos -o $os cat "$1/data"
    says results
  done
}

seen /var/spool/before
for place in /home/project /var/spool/project; do
  expect 1 as alice chos -o trixie test -e $place/data
  mount -t tmpfs tmpfs $place
  echo results >$place/data
  seen $place
done
expect 0 cat /chos/home/project/data
expect 0 chosctl reload
seen /var/spool/project
for place in /home/project /var/spool/project /var/spool/before; do
  umount $place || fail "the farm keeps the mount on $place busy"
  expect 1 as alice chos -o trixie test -e $place/data
done
stop_node
