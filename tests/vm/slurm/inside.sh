#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Jobs are submitted from inside an OS that lacks Slurm, by chos-base; they run in that OS.
. "${0%/*}/slurm-lib.sh"
cluster
for os in trixie bullseye; do
  job 0 alice chos -o $os sh -c 'for c in srun sbatch squeue; do command -v $c; done; cat /proc/chos/setchos'
  equal "$(tr '\n' ' ' <$output)" "/usr/local/bin/srun /usr/local/bin/sbatch /usr/local/bin/squeue $os " \
    "the commands in $os"
  job 0 alice chos -o $os srun -w node1 -n 1 sh -c "$probe"
  tells $os
  job 0 alice chos -o $os srun -w node1 -n 1 --chos=base sh -c "$probe"
  tells base
done
# A script on standard input, with steps in its own OS and in another.
rm -f $work/out
printf '%s\n' '#!/bin/sh' "$probe" "srun -n 1 sh -c '$probe'" \
  "CHOS=bullseye srun -n 1 sh -c '$probe'; exit 3" >$work/script
job 3 alice chos -o trixie sh -c "sbatch -W -w node1 -o $work/out <$work/script"
equal "$(grep -v Submitted $work/out | sort | tr '\n' '|')" "bullseye bullseye bullseye node1 $work|$(
  )trixie trixie trixie node1 $work|trixie trixie trixie node1 $work|" "script and steps"
# The standard input reaches the job, and srun returns the job's exit status.
job 5 alice chos -o bullseye sh -c 'echo word | srun -w node1 -n 1 sh -c "read -r word; [ \$word = word ] && exit 5"'
job 0 alice chos -o trixie squeue --version
says slurm
# The shell of salloc runs in the base OS; its steps run in the OS from which salloc was called.
printf '%s\n' '#!/bin/sh' "cat /etc/chos-mark >$work/shell" "srun -n 1 sh -c '$probe'" >$work/script
chmod 755 $work/script
job 0 alice chos -o bullseye salloc -Q -w node1 -n 1 $work/script
tells bullseye
equal "$(cat $work/shell)" base "the shell of salloc"
if [ -n "$second" ]; then
  job 0 alice chos -o trixie srun -N 2 sh -c "$probe"
  tells trixie node1 node2
fi
finished
