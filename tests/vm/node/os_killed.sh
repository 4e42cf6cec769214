#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `chosctl os add`, `replace` and `remove` are killed at random moments while chos is up: a process that
# enters finds either tree, complete; the next command succeeds, and nothing is left behind.
. "${0%/*}/lib.sh"
count=3
[ -z "${CHOS_LONG:-}" ] || count=50
RANDOM=${CHOS_SEED:-$$}
trees=/var/lib/chos/os
nothing=$(mounts)
start_node
modprobe -a loop squashfs erofs overlay || fail "the node lacks modules"
expect 0 chosctl os add small "image:${0%/*}/small.squashfs"
for mark in one two; do
  mkdir -p /srv/$mark
  cp -a $trees/small/. /srv/$mark/
  echo $mark >/srv/$mark/etc/mark
  tar -C /srv/$mark -cf /run/$mark.tar .
done
expect 0 chosctl os remove small
mounts_up=$(mounts) loops_up=$(losetup -n -l | wc -l)

# For each kind of source that needs no builder: the source to add, the one that replaces it, and the contents
# of their /etc/mark.
kinds=(tar image dir)
declare -A first=([tar]=tar:/run/one.tar [image]=image:${0%/*}/small.squashfs [dir]=dir:/srv/one)
declare -A second=([tar]=tar:/run/two.tar [image]=image:${0%/*}/small.erofs [dir]=dir:/srv/two)
declare -A mark_of=([tar]="one two" [image]="squashfs erofs" [dir]="one two")

# before WHAT KIND: makes the state in which the command runs; the command is in $words.
before() {
  case $1 in
    add) words="add work ${first[$2]}" ;;
    replace)
      expect 0 chosctl os add work "${first[$2]}"
      words="replace work ${second[$2]}" ;;
    remove)
      expect 0 chosctl os add work "${first[$2]}"
      words="remove work" ;;
  esac
}
listed() { grep -q '^work:' /etc/chos; }
# check_whole WHAT KIND: a process that enters now finds a complete tree; after a replace it must find one.
check_whole() {
  expect 0 as alice chos -o trixie true
  # If it was killed after it wrote the list, only the next command of chosctl puts that list into force.
  as alice chos -o work sh -c 'cat /etc/mark; id -un; cat /proc/chos/setchos' >$output 2>&1 || {
    [ $1 != replace ] || fail "nobody can enter; $at"
    return 0
  }
  read -r one two <<<"${mark_of[$2]}"
  case "$(tr '\n' ' ' <$output)" in
    "$one alice work " | "$two alice work ") ;;
    *) fail "the tree is not complete; $at" ;;
  esac
}
for what in add replace remove; do
  killed=0 tries=0
  declare -A times=()
  while ((killed < count)); do
    ((tries += 1)) && ((tries <= 5 * count + 5)) || fail "$what was killed only $killed times in $((tries - 1)) tries"
    kind=${kinds[tries % 3]} takes=${times[${kinds[tries % 3]}]:-0}
    before $what $kind
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
      at="$what of $kind was killed at $moment of $takes us"
    else
      # It ended before it could be killed: this is how long it takes now.
      times[$kind]=$((${EPOCHREALTIME/./} - began))
      at="$what of $kind took ${times[$kind]} us"
    fi
    check_whole $what $kind
    next=add
    ! listed || next=replace
    expect 0 chosctl os $next work ${second[$kind]}
    expect 0 as alice chos -o work cat /etc/mark
    equal "$(cat $output)" "${mark_of[$kind]#* }" "the tree afterwards; $at"
    expect 0 chosctl os verify work
    expect 0 chosctl os remove work
    equal "$(ls $trees | grep work)" "" "trees that are left; $at"
    equal "$(ls $trees/.chos/os $trees/.chos/work $trees/.chos/journal | grep -v :)" "" "what is left; $at"
    equal "$(mounts)" "$mounts_up" "mounts; $at"
    equal "$(losetup -n -l | wc -l)" "$loops_up" "loop devices; $at"
  done
  echo "$what killed $killed times in $tries tries$(for kind in "${kinds[@]}"; do echo -n ", $kind takes ${times[$kind]:-?} us"; done)"
done
for mark in one two; do equal "$(cat /srv/$mark/etc/mark)" $mark "a directory that is not chosctl's"; done
rm -rf /srv/one /srv/two /run/*.tar $trees/.chos
stop_node
equal "$(mounts)" "$nothing" "mounts after down"
