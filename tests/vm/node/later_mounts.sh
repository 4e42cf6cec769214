# SPDX-License-Identifier: BSD-3-Clause
# File systems that the base OS mounts or unmounts later appear in, or vanish from, the farm and each OS: in
# a directory that the farm has once, and in one that is bound into every tree.  The latter also has a file
# system that was mounted before `chosctl up`.
. "${0%/*}/lib.sh"
mkdir -p /var/spool/before /var/spool/project
mount -t tmpfs tmpfs /var/spool/before
echo results >/var/spool/before/data
start_node
mkdir -p /home/project

# seen PLACE: alice sees the file system at PLACE in each OS.
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
