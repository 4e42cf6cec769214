#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An OS is replaced while jobs run in it: each job and its children keep the old tree until they exit; later
# jobs get the new tree.
. "${0%/*}/lib.sh"
trees=/var/lib/chos/os
count=50
start_node
modprobe -a loop squashfs overlay || fail "the node lacks modules"
expect 0 chosctl os add work "image:${0%/*}/small.squashfs"
mkdir /run/tree
cp -a $trees/work/. /run/tree/
expect 0 chosctl os remove work
for mark in one two three; do
  echo $mark >/run/tree/etc/mark
  tar -C /run/tree -cf /run/$mark.tar .
done
expect 0 chosctl os add work tar:/run/one.tar
mkfifo -m 666 /run/go /run/here
exec 8<>/run/here 9<>/run/go
for n in $(seq $count); do
  as alice chos -o work sh -c 'echo here >&8; read -r line <&9
    sh -c "cat /etc/mark"; (cat /proc/chos/setchos)' >/run/said.$n 2>&1 &
done
for n in $(seq $count); do read -r -t $((30 * CHOS_TIME_SCALE)) line <&8 || fail "job $n did not start"; done
for mark in two three; do
  expect 0 chosctl os replace work tar:/run/$mark.tar
  expect 0 as alice chos -o work cat /etc/mark
  equal "$(cat $output)" $mark "the mark that a new job sees"
done
expect 0 chosctl os rollback work
expect 0 chosctl os show work --json
expect 1 chosctl os remove work
for n in $(seq $count); do echo go >&9; done
wait
for n in $(seq $count); do
  equal "$(tr '\n' ' ' </run/said.$n)" "one work " "what job $n saw"
done
# The next command of chosctl deletes the old trees that no process uses.
expect 0 as alice chos -o work cat /etc/mark
equal "$(cat $output)" two "the mark after going back"
expect 0 chosctl os remove work
expect 2 ls -d $trees/work $trees/work~2 $trees/work~3
rm -rf /run/tree /run/*.tar /run/said.* /run/go /run/here $trees/.chos
stop_node
