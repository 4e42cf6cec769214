# SPDX-License-Identifier: BSD-3-Clause
# The files that chos adds are visible in the OSs, but not added to the trees: writable trees, a read-only
# bind mount, images of squashfs and erofs, shared files that they lack, programs of the base OS.
. "${0%/*}/lib.sh"
trees=/var/lib/chos/os
all="trixie bullseye squash ero"
cat >/usr/bin/qsub <<'END'
#!/bin/bash
echo "the base's qsub: $(cat /proc/chos/setchos) CHOS=$CHOS <$1>"
END
chmod 755 /usr/bin/qsub
cp -a /etc/hosts /run/hosts-before
echo "192.0.2.7 of-the-base" >>/etc/hosts
mkdir -p /etc/slurm /var/lib/slurm/slurmd $trees/squash $trees/ero
echo "ClusterName=node" >/etc/slurm/slurm.conf
echo "a job" >/var/lib/slurm/slurmd/script
echo node >/proc/sys/kernel/hostname # sudo complains about a host name that does not resolve
modprobe -a loop squashfs erofs overlay || fail "the node lacks modules"
for pair in squash:squashfs ero:erofs; do
  mount -o loop,ro -t ${pair#*:} "${0%/*}/small.${pair#*:}" $trees/${pair%:*} ||
    fail "cannot mount the image of ${pair#*:}"
done
mount --bind $trees/bullseye $trees/bullseye
mount -o remount,bind,ro $trees/bullseye || fail "cannot make a tree read-only"

# sum_of OS: a checksum of the names, types, modes, owners, links, sizes, mtimes and ctimes in a tree, and of
# the contents of the files in the directories to which chos adds files.
sum_of() {
  (cd "$trees/$1" && find . -xdev -printf '%p %y %m %U %G %n %s %T@ %C@ %l\n' | sort &&
    find etc usr/local var/lib -xdev -type f -print0 | sort -z | xargs -0 cat) | md5sum
}
for os in $all; do sum_of $os; done >/run/sums
same_sums() {
  for os in $all; do sum_of $os; done | cmp -s - /run/sums || fail "a tree has changed: $*"
}
# in_each OUTPUT COMMAND...: alice's command prints this in every OS.
in_each() {
  local wanted=$1 os
  shift
  for os in $all; do
    expect 0 as alice chos -o $os "$@"
    equal "$(cat $output)" "$wanted" "in $os: $*"
  done
}
nothing=$(mounts)
start_node
allowlist trixie:/os/trixie bullseye:/os/bullseye squash:/os/squash ero:/os/ero:suid
printf '[base]\nadd = ["uname"]\n[base.os]\nsquash = ["sudo", "ping"]\nero = ["sudo"]\n' >/etc/chos.conf
# The base OS has no ping: make one.
ln -s /bin/true /usr/local/bin/ping
expect 0 chosctl reload
says "layers"
expect 0 chosctl reload
says "nothing had to be changed"
up=$(cat /proc/1/mountinfo)
expect 0 chosctl up
says "nothing was changed"
equal "$(cat /proc/1/mountinfo)" "$up" "mounts after the second up"
same_sums "while up"

in_each "ClusterName=node" cat /etc/slurm/slurm.conf
in_each "a job" cat /var/lib/slurm/slurmd/script
in_each "$(cat /etc/hosts)" cat /etc/hosts
in_each "$(cat /etc/passwd)" cat /etc/passwd
in_each "$(id -u alice)" id -u
for os in $all; do
  expect 0 as alice chos -o $os sh -c 'qsub "a  b"'
  equal "$(cat $output)" "the base's qsub: / CHOS=$os <a  b>" "qsub in $os"
  expect 0 as alice chos -o $os cat /proc/chos/setchos
  equal "$(cat $output)" $os "the OS"
  # A directory that users write to has no layer on it.
  expect 0 test -k /chos/os/$os/var/tmp
done
expect 0 as alice chos -o trixie sh -c 'test -w /var/tmp'
expect 1 chos -o trixie touch /etc/probe
says "Read-only file system"
grep " /chos/os/" /proc/mounts | grep -E "^(overlay|/run/chos/layer)" | grep -v nosuid | grep -qv /ero/ &&
  fail "a layer without nosuid"

# The programs listed for an OS are those of the base OS, wherever the tree has them, as a link or a file.
for program in sudo /usr/sbin/sudo; do
  expect 0 as alice env PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin chos -o squash \
    sh -c "$program -n sh -c 'id -u; cat /proc/chos/setchos'"
  equal "$(tr '\n' ' ' <$output)" "0 / " "$program in squash"
done
# Without a shell of busybox, which would run its own ping.
for program in ping /bin/ping; do expect 0 as alice chos -o squash $program; done
for program in /usr/local/bin/ping /bin/ping; do
  expect 0 as alice chos -o squash readlink $program
  equal "$(cat $output)" /local/usr/bin/chos-base "$program in squash"
done
equal "$(readlink /chos/os/ero/bin/ping)" busybox "ping in ero"
equal "$(readlink /chos/os/ero/usr/sbin/sudo)" /local/usr/bin/chos-base "sudo in ero"

chosctl doctor >$output 2>&1
says "tree squash: it has no /var/mail to mount the base OS's over"
says_not "tree trixie: it has no"
says_not "tree bullseye: it has no"
says_not "it has its own"

# A process stays in a directory while its layer is replaced.
mkfifo /run/go /run/ready
chos -o trixie sh -c 'cd /etc/slurm; echo ready >/run/ready; read -r line; cat slurm.conf; cat /etc/slurm/slurm.conf' \
  </run/go >/run/said 2>&1 &
waiting=$!
exec 9>/run/go
read -r line </run/ready # waits until it is inside
mkdir /etc/condor
printf '[base.os]\nsquash = ["ping"]\n' >/etc/chos.conf
expect 0 chosctl reload
echo go >&9
exec 9>&-
wait $waiting || fail "the process failed afterwards: $(cat /run/said)"
equal "$(grep -c ClusterName /run/said)" 2 "what it read"
for os in $all; do
  expect 0 test -d /chos/os/$os/etc/condor
  [ ! -L /chos/os/$os/usr/local/bin/uname ] || fail "a link stays in $os"
  [ -L /chos/os/$os/usr/local/bin/qsub ] || fail "a link went from $os"
done
in_each "ClusterName=node" cat /etc/slurm/slurm.conf
expect 0 as alice chos -o squash /usr/sbin/sudo
says "its own"
same_sums "after the reload"
stop_node
equal "$(mounts)" "$nothing" "mounts after down"
[ ! -e /run/chos/layer ] || fail "additions are left"
same_sums "after down"

# A tree is changed while chos is up, and has a link that an older version of chos made.
expect 0 chosctl up
expect 2 ls /chos/os/trixie/etc/later /chos/os/trixie/usr/local/bin/later
echo later >$trees/trixie/etc/later
echo later >$trees/trixie/usr/local/bin/later
ln -s /local/usr/bin/chos-base $trees/trixie/usr/local/bin/squeue
expect 0 chosctl reload
says "1 that an older version had made in the tree of 'trixie' removed"
[ ! -L $trees/trixie/usr/local/bin/squeue ] || fail "the old link stays"
equal "$(cat /chos/os/trixie/etc/later /chos/os/trixie/usr/local/bin/later)" "later
later" "what came later"
[ -L /chos/os/trixie/usr/local/bin/qsub ] || fail "the link qsub went"
rm $trees/trixie/etc/later $trees/trixie/usr/local/bin/later
stop_node

# A kernel without overlayfs: there is one warning, and the additions that do not need it are there.
module=/lib/modules/$release/kernel/overlay.ko
[ -e $module ] || fail "the node lacks overlayfs"
modprobe -r overlay || fail "overlayfs is in use"
mv $module /run/
expect 0 chosctl up
equal "$(grep -c "this kernel has no overlayfs" $output)" 1 "warnings"
[ -L /chos/os/trixie/usr/local/bin/qsub ] || fail "no link in an empty directory"
expect 0 as alice chos -o squash cat /etc/passwd
equal "$(cat $output)" "$(cat /etc/passwd)" "passwd"
chosctl doctor >$output 2>&1
says "tree trixie: it has no /etc/hosts to mount the base OS's over"
stop_node
mv /run/overlay.ko $module

umount $trees/squash $trees/ero $trees/bullseye || fail "a tree is still in use"
rmdir $trees/squash $trees/ero
cp -a /run/hosts-before /etc/hosts
rm -r /etc/slurm /etc/condor /var/lib/slurm /etc/chos.conf /usr/bin/qsub /usr/local/bin/ping
rm -f /run/hosts-before /run/sums /run/go /run/ready /run/said
