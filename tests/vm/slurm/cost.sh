#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The cost of --chos= for `srun -n1 true`, in pairs with and without it; their medians are compared.  The
# machine's clock counts instructions.  The OS is the tree of the base OS, so that the step runs the same
# program in both.  The bound is checked in the long runs, with 30 pairs; other runs only print the figures of
# a few pairs.
. "${0%/*}/slurm-lib.sh"
mkdir -p /var/lib/chos/os/same
mount --bind / /var/lib/chos/os/same
# Otherwise the mounts of the farm would propagate into it.
mount --make-private /var/lib/chos/os/same
cluster same:/os/same
pairs=5
[ -z "${CHOS_LONG:-}" ] || pairs=30

# Steps of one allocation, because a job would wait for the next cycle of the scheduler.
job 0 alice salloc --no-shell -n 1
allocation=$(grep -o 'allocation [0-9]*' $output | head -n 1 | tr -dc 0-9)

# step with|without OPTION...: adds the microseconds of a step to a file.
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
