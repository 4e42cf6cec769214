#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `chosctl os add`, `replace` and `remove`, killed at random moments while the module runs: what can be
# entered is one tree or the other, whole; the next command succeeds, and nothing is left behind.
. "${0%/*}/lib.sh"
count=3
[ -z "${CHOS_LONG:-}" ] || count=50
RANDOM=${CHOS_SEED:-$$}
trees=/var/lib/chos/os
nothing=$(mounts)
start_node
modprobe -a loop squashfs overlay || fail "the node lacks modules"
expect 0 chosctl os add small "image:${0%/*}/small.squashfs"
mkdir /run/tree
cp -a $trees/small/. /run/tree/
for mark in one two; do
  echo $mark >/run/tree/etc/mark
  tar -C /run/tree -cf /run/$mark.tar .
done
expect 0 chosctl os remove small
mounts_up=$(mounts)

# before WHAT: the state in which it is killed, with the command in $words.
before() {
  case $1 in
    add) words="add work tar:/run/one.tar" ;;
    replace)
      expect 0 chosctl os add work tar:/run/one.tar
      words="replace work tar:/run/two.tar" ;;
    remove)
      expect 0 chosctl os add work tar:/run/one.tar
      words="remove work" ;;
  esac
}
listed() { grep -q '^work:' /etc/chos; }
# Whoever enters now finds a whole tree.
is_whole() {
  expect 0 as alice chos -o trixie true
  # Where it was killed between the list and the node, the next command puts the list in force.
  as alice chos -o work sh -c 'cat /etc/mark; id -un; cat /proc/chos/setchos' >$output 2>&1 || return 0
  case "$(tr '\n' ' ' <$output)" in
    "one alice work " | "two alice work ") ;;
    *) fail "who enters finds no whole tree" ;;
  esac
}
for what in add replace remove; do
  killed=0 tries=0 takes=0
  while ((killed < count)); do
    ((tries += 1)) && ((tries <= 5 * count + 5)) || fail "$what was killed $killed times only, of $((tries - 1))"
    before $what
    moment=$((takes == 0 ? 9000000 : RANDOM * (takes / 32768 + 1) % takes))
    began=${EPOCHREALTIME/./}
    chosctl os $words >/run/said 2>&1 &
    run=$!
    if ((takes > 0)); then
      sleep "$(awk "BEGIN { print $moment / 1000000 }")"
      kill -9 $run 2>/dev/null
    fi
    wait $run 2>/dev/null
    if [ $? = 137 ]; then
      killed=$((killed + 1))
      at="$what was killed at $moment us"
    else
      # One that was through before its moment says how long it takes now.
      takes=$((${EPOCHREALTIME/./} - began))
      at="$what took $takes us"
    fi
    is_whole
    next=add
    ! listed || next=replace
    expect 0 chosctl os $next work tar:/run/two.tar
    expect 0 as alice chos -o work cat /etc/mark
    equal "$(cat $output)" two "the tree afterwards; $at"
    expect 0 chosctl os verify work
    expect 0 chosctl os remove work
    equal "$(ls $trees | grep work)" "" "trees that are left; $at"
    equal "$(ls $trees/.chos/os $trees/.chos/work $trees/.chos/journal | grep -v :)" "" "what is left; $at"
    equal "$(mounts)" "$mounts_up" "mounts; $at"
  done
  echo "$what killed $killed times of $tries, in up to $takes us"
done
rm -rf /run/tree /run/*.tar $trees/.chos
stop_node
equal "$(mounts)" "$nothing" "mounts after down"
