# SPDX-License-Identifier: BSD-3-Clause
# chosctl os while chos is up: images, a tar archive, a directory; replacing and removing an OS while a
# process is inside; down and up again.
. "${0%/*}/lib.sh"
here=${0%/*}
trees=/var/lib/chos/os
squash=$here/small.squashfs
nothing=$(mounts)
start_node
modprobe -a loop squashfs erofs overlay || fail "the node lacks modules"

# stay NAME: starts a process of alice's in that OS.  After let_go NAME, /run/said.NAME is what it saw there.
stay() {
  mkfifo -m 666 /run/go.$1 /run/ready.$1
  as alice chos -o "$1" sh -c 'echo ready >/run/ready.'"$1"'; read -r line;
    cat /etc/mark; readlink /proc/chos/link; cat /proc/chos/setchos' \
    </run/go.$1 >/run/said.$1 2>&1 &
  waiting=$!
  exec 9>/run/go.$1
  read -r line </run/ready.$1 # waits until it is inside
}
let_go() {
  echo go >&9
  exec 9>&-
  wait $waiting || fail "the process failed afterwards: $(cat /run/said.$1)"
  rm /run/go.$1 /run/ready.$1
}

# Three kinds of source at the same time.
expect 0 chosctl os add small image:$squash
says "small: added"
expect 0 as alice chos -o small cat /etc/os-release
says ID=small
expect 0 chosctl os verify small
mkdir /run/tree
cp -a $trees/small/. /run/tree/
echo one >/run/tree/etc/mark
tar -C /run/tree -cf /run/one.tar .
expect 0 chosctl os add packed tar:/run/one.tar
echo two >/run/tree/etc/mark
tar -C /run/tree -czf /run/two.tar.gz .
expect 0 chosctl os add far dir:/run/tree --closed
expect 126 as alice chos -o far true
says closed
expect 0 chosctl os open far
expect 0 as alice chos -o far cat /etc/mark
equal "$(cat $output)" two "the directory's mark"
expect 0 as alice chos -o packed id -un
equal "$(cat $output)" alice "the base's names"
expect 0 chosctl os verify
# verify names a file whose content has changed, even if its size and mtime have not.
cp -p $trees/packed/etc/mark /run/mark.before
echo oen >$trees/packed/etc/mark
touch -r /run/mark.before $trees/packed/etc/mark
expect 1 chosctl os verify
says "packed: 1 difference"
says "/etc/mark: content"
says "small: as it was published"
cat /run/mark.before >$trees/packed/etc/mark
touch -r /run/mark.before $trees/packed/etc/mark
rm /run/mark.before
expect 0 chosctl os verify packed
says "packed: as it was published"
expect 1 chosctl os add small tar:/run/one.tar
says "already"
expect 1 chosctl os add cut tar:$here/small.erofs
expect 0 chosctl os list
says_not cut

# An OS is replaced while a process is inside: it keeps the old tree, which is not deleted; others get the
# new tree.
stay packed
expect 0 chosctl os replace packed tar:/run/two.tar.gz
expect 0 as alice chos -o packed cat /etc/mark
equal "$(cat $output)" two "the mark after the replacement"
expect 0 chosctl os replace packed tar:/run/one.tar
expect 0 chosctl os replace packed tar:/run/two.tar.gz
expect 0 test -d $trees/packed
expect 1 chosctl os remove packed
says "processes are in 'packed'"
says "sh -c"
let_go packed
equal "$(tr '\n' ' ' </run/said.packed)" "one /os/packed packed " "what the process saw"
expect 0 chosctl os replace packed tar:/run/one.tar
expect 2 ls -d $trees/packed $trees/packed~2 $trees/packed~3
expect 0 chosctl os rollback packed
expect 0 as alice chos -o packed cat /etc/mark
equal "$(cat $output)" two "the mark after going back"
expect 0 chosctl os default packed
expect 1 chosctl os remove packed
says "the site's default"
expect 0 chosctl os default base
expect 0 chosctl os close packed

# Programs of the base OS in a single OS.
expect 0 chosctl os base small sudo
expect 0 chosctl os base small
equal "$(cat $output)" sudo "the commands of small"
equal "$(readlink /chos/os/small/usr/sbin/sudo)" /local/usr/bin/chos-base "sudo in small"
expect 0 chosctl os base small sudo --remove
[ ! -L /chos/os/small/usr/sbin/sudo ] || fail "sudo in small still is the base's"

# A change that cannot be put into effect is undone.
cp /etc/chos.conf /run/chos.conf.before
cp /etc/chos /run/chos.before
echo odd:/nowhere/odd >>/etc/chos
expect 1 chosctl os base small sudo
says "/nowhere/odd"
says "nothing was changed"
cmp /etc/chos.conf /run/chos.conf.before || fail "the configuration has changed"
[ ! -L /chos/os/small/usr/sbin/sudo ] || fail "sudo in small is the base's"
cp /run/chos.before /etc/chos

# After down and up, all OSs are back, and the closed one is still closed.
stop_node
! mountpoint -q $trees/small || fail "the image is still mounted"
! mountpoint -q $trees/far || fail "the directory is still bound"
expect 0 chosctl up
for os in small far; do
  expect 0 as alice chos -o $os cat /proc/chos/setchos
  equal "$(cat $output)" $os "the OS after the up"
done
expect 126 as alice chos -o packed true
says closed

for os in small packed far; do expect 0 chosctl os remove $os; done
expect 0 chosctl os list
for os in small packed far cut; do
  says_not "$os "
  expect 2 ls -d $trees/$os*
done
equal "$(ls $trees/.chos/os $trees/.chos/work $trees/.chos/journal $trees/.chos/images | grep -v :)" "" "what is left"
[ -e /run/tree/etc/mark ] || fail "a directory that is not chosctl's was removed"
stop_node
equal "$(mounts)" "$nothing" "mounts after down"
rm -rf /run/tree /run/*.tar* $trees/.chos
