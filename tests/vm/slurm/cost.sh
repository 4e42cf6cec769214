#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What --chos= adds to `srun -n1 true`: in pairs, by their medians, on a machine whose clock counts
# instructions.  The OS is the base's own tree, so that the step runs the same program in both.  The
# bound holds in the long runs, with 30 pairs; the few of the others are for a look.
. "${0%/*}/slurm-lib.sh"
mkdir -p /var/lib/chos/os/same
mount --bind / /var/lib/chos/os/same
# Or the farm would be mounted in it too, when it is mounted in the base.
mount --make-private /var/lib/chos/os/same
cluster same:/os/same
pairs=5
[ -z "${CHOS_LONG:-}" ] || pairs=30

# Steps of one allocation: a job of its own would wait for the scheduler's next look.
job 0 alice salloc --no-shell -n 1
allocation=$(grep -o 'allocation [0-9]*' $output | head -n 1 | tr -dc 0-9)

# step KIND WORD...: microseconds of one.
step() {
  local kind=$1 began
  shift
  began=${EPOCHREALTIME/./}
  setpriv --reuid alice --regid alice --init-groups env -i HOME=/home/alice PATH=/usr/bin:/bin \
    srun -Q --jobid="$allocation" -n 1 "$@" true || fail "srun $kind the option"
  echo $((${EPOCHREALTIME/./} - began)) >>"$work/cost-$kind"
}
with() { step with --chos=same; }
without() { step without; }
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
with
without
rm -f $work/cost-*
for ((n = 0; n < pairs; n++)); do
  if ((n % 2)); then with; without; else without; with; fi
  echo "pair $((n + 1)): $(tail -n 1 $work/cost-with) us with, $(tail -n 1 $work/cost-without) without"
done
ratio=$(awk "BEGIN { printf \"%.4f\", $(median $work/cost-with) / $(median $work/cost-without) }")
echo "srun -n1 true, medians of $pairs: $(median $work/cost-with) us with --chos=," \
  "$(median $work/cost-without) us without: ratio $ratio"
[ -z "${CHOS_LONG:-}" ] || awk "BEGIN { exit !($ratio <= 1.01) }" ||
  fail "--chos= makes srun -n1 true cost $ratio times as much"
expect 0 scancel "$allocation"
finished
allowlist trixie:/os/trixie bullseye:/os/bullseye
expect 0 chosctl reload
umount /var/lib/chos/os/same || fail "the tree of the base is busy"
rmdir /var/lib/chos/os/same
