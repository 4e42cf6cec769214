#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# All kinds of jobs: options in the script, steps, arrays, multiple programs, a terminal, allocations,
# heterogeneous jobs, requeued jobs.
. "${0%/*}/slurm-lib.sh"
cluster

cat >$work/script <<END
#!/bin/bash
#SBATCH --chos=trixie -w node1 -o $work/out
$probe
srun -n 1 sh -c '$probe'
unset CHOS
srun -n 1 sh -c '$probe'
END
job 0 alice CHOS=bullseye sbatch -W $work/script
cp $work/out $output
tells trixie node1 node1 node1
# Steps in other OSs than their job's.
batch -- --chos=trixie "CHOS=bullseye srun -n 1 sh -c '$probe'; srun --chos=base -n 1 sh -c '$probe'"
equal "$(sort $output | tr '\n' '|')" \
  "base / base node1 $work|bullseye bullseye bullseye node1 $work|" "steps"

job 0 alice sbatch -W -w node1 --chos=trixie --array=1-5 -o "$work/array.%a" --wrap "$probe"
cat $work/array.* >$output
tells trixie node1 node1 node1 node1 node1

printf '%s\n' "0 sh -c '$probe'" "1-2 sh -c '$probe'" >$work/programs
job 0 alice srun -w node1 -n 3 --chos=bullseye --multi-prog $work/programs
tells bullseye node1 node1 node1

# A terminal, made by script(1).
job 0 alice script -qec "srun --pty --chos=trixie sh -c 'test -t 0 && $probe'" /dev/null
# The terminal echoes the end of script's input as "^@".
tr -d '\r' <$output | sed 's/^^@//' >$output.plain && mv $output.plain $output
tells trixie

# The shell of salloc stays in the submitter's OS; its steps run in the requested OS.
job 0 alice salloc --chos=trixie sh -c "srun -n 1 sh -c '$probe'; CHOS=bullseye srun -n 1 -l sh -c '$probe'"
grep -v '^salloc:' $output >$output.plain
equal "$(sort $output.plain | tr '\n' '|')" \
  "0: bullseye bullseye bullseye node1 $work|trixie trixie trixie node1 $work|" "steps of an allocation"

if [ -n "$second" ]; then
  job 0 alice srun --chos=trixie -w node1 -n 1 sh -c "$probe" : -w node2 -n 1 sh -c "$probe"
  tells trixie node1 node2
  # In Slurm an option has one value for all components.
  job 1 alice srun --chos=trixie -w node1 -n 1 true : --chos=bullseye -w node2 -n 1 true
  says "the components of a heterogeneous job have one OS"
  says "nothing was submitted"
  job 0 alice srun -w node1 -n 1 sh -c "$probe" : --chos=bullseye -w node2 -n 1 sh -c "$probe"
  tells bullseye node1 node2
  # Their steps may be in other OSs.
  rm -f $work/out
  cat >$work/script <<END
#!/bin/bash
#SBATCH --chos=trixie -o $work/out -w node1 -n 1
#SBATCH hetjob
#SBATCH -w node2 -n 1
srun --het-group=0,1 sh -c '$probe'
srun --het-group=1 --chos=bullseye sh -c '$probe'
END
  job 0 alice sbatch -W $work/script
  equal "$(sort $work/out | tr '\n' '|')" "bullseye bullseye bullseye node2 $work|$(
    )trixie trixie trixie node1 $work|trixie trixie trixie node2 $work|" "steps of a heterogeneous job"
fi

# A requeued job runs in the same OS again.
mkfifo -m 666 $work/fifo
rm -f $work/out
job 0 alice sbatch --parsable --requeue -w node1 --chos=trixie -o $work/out --open-mode=append --wrap "
  $probe
  [ -n \"\$SLURM_RESTART_COUNT\" ] && echo again >$work/fifo && exit
  echo first >$work/fifo
  sleep 1000"
number=$(cat $output)
in_time 20 sh -c "read -r word <$work/fifo && [ \$word = first ]" || fail "the job did not start"
expect 0 scontrol requeue "$number"
# A requeued job would wait for two minutes: set its start time to now, once it is in the queue.
tries=0
until timeout 3 sh -c "read -r word <$work/fifo && [ \$word = again ]"; do
  ((++tries < 100)) || {
    scontrol show job "$number" >$output
    fail "the job did not start again"
  }
  scontrol update job "$number" starttime=now >$output 2>&1
done
expect 0 in_time 20 srun -w node1 --chos=base -d "afterany:$number" true
# Without Slurm's own messages in the output.
grep -v '^slurmstepd-\|^Terminated' $work/out >$output
tells trixie node1 node1
finished
