#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An OS is replaced twice and rolled back while 50 jobs run in it: each job and its children keep the tree
# with which it began; later jobs get the new one.
. "${0%/*}/accounting-lib.sh"
trees=/var/lib/chos/os
count=50
cluster
mkdir -p /run/tree/bin /run/tree/etc
cp "${0%/*}/busybox" /run/tree/bin/busybox
for program in sh cat; do ln -s busybox /run/tree/bin/$program; done
echo 'PRETTY_NAME="A small one"' >/run/tree/etc/os-release
for mark in one two three; do
  echo $mark >/run/tree/etc/mark
  tar -C /run/tree -cf /run/$mark.tar .
done
expect 0 chosctl os add work tar:/run/one.tar
mkfifo -m 666 $work/here $work/go
exec 8<>$work/here 9<>$work/go
job 0 alice sbatch --parsable --array=1-$count --chos=work -o $work/said.%a --wrap '
  echo here >here
  read -r line <go
  cat /etc/mark
  sh -c "cat /etc/mark"
  (cat /proc/chos/setchos)'
array=$(cat $output)
for n in $(seq $count); do
  read -r -t $((60 * CHOS_TIME_SCALE)) line <&8 || fail "$((n - 1)) of $count jobs have started"
done
echo "$count jobs run"
# new_job_sees MARK: a job that starts now sees the tree with that mark.
new_job_sees() {
  job 0 alice srun -Q --chos=work cat /etc/mark
  equal "$(cat $output)" "$1" "the tree of a new job"
}
for mark in two three; do
  expect 0 chosctl os replace work tar:/run/$mark.tar
  new_job_sees $mark
done
expect 0 chosctl os rollback work
new_job_sees two
expect 1 chosctl os remove work
says "processes are in"
for n in $(seq $count); do echo go >&9; done
job 0 alice srun -Q --chos=base -n 1 -d "afterany:$array" true
for n in $(seq $count); do
  equal "$(tr '\n' ' ' <$work/said.$n)" "one one work " "what job $n saw"
done
new_job_sees two
expect 0 chosctl os remove work
expect 2 ls -d $trees/work $trees/work~2 $trees/work~3
exec 8<&- 9<&-
rm -rf /run/tree /run/*.tar $trees/.chos
finished
