#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A node with 100 OSs and 300 mounts of the base OS: the time that chosctl takes is bounded, and sessions add
# no mounts.  The machine's clock counts instructions.
. "${0%/*}/scale-lib.sh"
trees=/var/lib/chos/os
start_node
stop_node
# 98 OSs are made by chosctl, in turn from an archive, an image, and a directory.
tree=/srv/small
mkdir -p $tree/{bin,usr/bin,etc,var/{log,spool,tmp,lib},root,tmp,proc,sys,dev,home}
cp "${0%/*}/busybox" $tree/bin/busybox
for applet in sh cat sleep; do ln -s busybox $tree/bin/$applet; done
printf 'ID=small\nVERSION_ID="1"\nPRETTY_NAME="Small 1"\n' >$tree/etc/os-release
touch $tree/etc/{passwd,group,hosts,resolv.conf}
tar -C $tree -cf /srv/small.tar .
modprobe -a loop squashfs || fail "the node lacks modules"
sources=(tar:/srv/small.tar "image:${0%/*}/small.squashfs" dir:/srv/small)
for number in $(seq -w 1 98); do
  expect 0 chosctl os add os$number "${sources[10#$number % 3]}"
done
mkdir -p /home/projects
count=$(mounts)
for ((number = count; number < 300; number++)); do
  mkdir /home/projects/$number
  mount -t tmpfs -o size=64k "project$number" /home/projects/$number || fail "mount $number"
done

# takes LIMIT COMMAND...: the command must take less than LIMIT milliseconds.
takes() {
  local limit=$1 began took
  shift
  began=${EPOCHREALTIME/./}
  expect 0 "$@"
  took=$(((${EPOCHREALTIME/./} - began) / 1000))
  echo "$*: $took ms, bound $limit; $(mounts) mounts"
  ((took < limit)) || fail "$* took $took ms, wanted less than $limit"
}
takes 3000 chosctl up
takes 3000 chosctl reload
takes 1000 chosctl os list
equal "$(grep -c '^ *os[0-9][0-9] ' $output)" 98 "OSs in the list"
takes 1000 chos --list
up=$(mounts)
for number in $(seq -w 1 40); do
  mkfifo -m 666 /tmp/go$number /tmp/here$number
  as alice chos -o os$number sh -c "echo here >/tmp/here$number; cat /tmp/go$number" &
  read -r word </tmp/here$number
done
equal "$(mounts)" "$up" "mounts with 40 sessions"
takes 1000 chosctl os list
for number in $(seq -w 1 40); do echo go >/tmp/go$number; done
wait
equal "$(mounts)" "$up" "mounts after the sessions"
# A file system that the base OS mounts appears in all OSs.
mkdir /home/projects/late
mount -t tmpfs late /home/projects/late
echo late >/home/projects/late/file
for os in os96 os97 os98 trixie; do expect 0 as alice chos -o $os cat /home/projects/late/file; done
umount /home/projects/late || fail "busy"
takes 3000 chosctl down
for ((number = count; number < 300; number++)); do umount /home/projects/$number || fail "busy"; done
rm -rf /home/projects
