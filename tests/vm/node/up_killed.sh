#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `chosctl up` is killed at random moments: the next `up` completes the work, and `down` leaves nothing
# behind.
. "${0%/*}/lib.sh"
count=5
[ -z "${CHOS_LONG:-}" ] || count=50
RANDOM=${CHOS_SEED:-$$}
nothing=$(mounts)
# Measured twice: the first takes longest.
for n in 1 2; do
  began=${EPOCHREALTIME/./}
  start_node
  takes=$((${EPOCHREALTIME/./} - began))
  stop_node
done
killed=0 tries=0
while ((killed < count)); do
  ((tries += 1)) && ((tries <= 5 * count)) || fail "up was killed only $killed times in $((tries - 1)) tries"
  moment=$((RANDOM * (takes / 32768 + 1) % takes))
  began=${EPOCHREALTIME/./}
  chosctl up >/tmp/up.log 2>&1 &
  up=$!
  sleep "$(awk "BEGIN { print $moment / 1000000 }")"
  kill -9 $up 2>/dev/null
  wait $up 2>/dev/null
  # The speed of an emulated machine varies.  If up ended before it could be killed, this is how long it takes
  # now.
  if [ $? = 137 ]; then
    killed=$((killed + 1))
  else
    takes=$((${EPOCHREALTIME/./} - began))
  fi
  left="$(($(mounts) - nothing)) mounts, $(grep -q '^chos ' /proc/modules && echo module || echo "no module")"
  expect 0 chosctl up
  for os in trixie bullseye; do
    expect 0 as alice chos -o $os cat /proc/chos/setchos
    equal "$(cat $output)" $os "the OS after up was killed at $moment us ($left)"
  done
  expect 0 chosctl doctor
  stop_node
  equal "$(mounts)" "$nothing" "mounts after down; up was killed at $moment us ($left)"
done
echo "killed $killed times in $tries tries, in up to $takes us"
