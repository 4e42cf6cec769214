# SPDX-License-Identifier: BSD-3-Clause
# Programs that are setuid or have capabilities, and device nodes, in OSs that chosctl makes of several kinds
# of source: the programs give rights only if the OS is marked suid, and the devices never work.
. "${0%/*}/lib.sh"
nothing=$(mounts)
start_node
modprobe -a loop squashfs erofs overlay || fail "the node lacks modules"
raised=bin/raised/probe able=bin/able/probe
tree=/srv/raised
expect 0 chosctl os add small "image:${0%/*}/small.squashfs"
mkdir $tree
cp -a /var/lib/chos/os/small/. $tree/
expect 0 chosctl os remove small
mkdir $tree/bin/able
cp $tree/$raised $tree/$able
# cap_net_admin, effective: what setcap(8) writes.
python3 -c 'import os, struct, sys
os.setxattr(sys.argv[1], "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 12, 0, 0, 0))' $tree/$able ||
  fail "no capabilities"
mknod -m 666 $tree/bin/null c 1 3
tar -C $tree --xattrs --xattrs-include=security.capability -cf /srv/raised.tar .
equal "$(stat -c %a $tree/$raised)" 4755 "the mode"
expect 0 as alice $tree/$raised euid 0
expect 0 as alice $tree/$able gained

# By nosuid; where Linux 5.10 cannot bind the directory of the trees so, the module kills the program.
gains_nothing() {
  local status=0
  as alice "$@" || status=$?
  [ $status = 1 ] || [[ $status = 137 && $release = 5.10.* ]] || fail "alice: $*: exited with $status"
}

# gives WHAT STATUS STATUS SOURCE...: adds an OS of that source; checks the exit statuses of the setuid
# program, which is 0 if it has root's uid, and of the program with capabilities, which is 0 if it has them.
gives() {
  local what=$1 setuid=$2 able_status=$3
  shift 3
  expect 0 chosctl os add work "$@"
  expect "$setuid" as alice chos -o work /$raised euid 0
  expect "$able_status" as alice chos -o work /$able gained
  expect 0 chosctl os show work
  says /$raised
  # Nor by the directory of the trees in the base OS, even if users reach it, and the OS is marked suid.
  gains_nothing /var/lib/chos/os/work/$raised euid 0
  [ "$able_status" = 127 ] || gains_nothing /var/lib/chos/os/work/$able gained
  expect 1 as root bash -c ': </var/lib/chos/os/work/bin/null'
  expect 1 as root chos -o work sh -c ': </bin/null'
  expect 0 chosctl os remove work
  echo "$what: $*"
}
chmod 755 /var/lib/chos
for source in dir:$tree "tar:/srv/raised.tar --drop-devices"; do
  gives nothing 1 1 $source
  gives rights 0 0 $source --suid
done
# These have no program with capabilities and no device.
for kind in squashfs erofs; do
  gives nothing 1 127 "image:${0%/*}/small.$kind"
  gives rights 0 127 "image:${0%/*}/small.$kind" --suid
done
rm -rf $tree /srv/raised.tar /var/lib/chos/os/.chos
stop_node
equal "$(mounts)" "$nothing" "mounts after down"
