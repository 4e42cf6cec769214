#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A task cannot enter its OS on one of the nodes: the step fails on all nodes with a message that names the
# node and the reason; the node and its daemons stay in service.
. "${0%/*}/slurm-lib.sh"
cluster
daemon_pids() { for node in node1 node2; do ssh $node pidof slurmctld slurmd munged; done; }
before=$(daemon_pids)
# The tasks' command, which would run on node1 for long if node2 did not fail.
long="sleep 1000"

# refused REASON COMMAND...: a step on both nodes, which node1 accepts, fails because node2 refuses it.
refused() {
  local reason=$1 status
  shift
  echo "$SECONDS s: $reason"
  in_time 15 setpriv --reuid alice --regid alice --init-groups env -i HOME=/home/alice PATH=/usr/bin:/bin \
    "$@" >$output 2>&1 </dev/null
  status=$?
  # 126 is the status of tasks that chos refused, 137 that of tasks that Slurm killed because of it.
  [ $status = 126 ] || [ $status = 137 ] || {
    logs >>$output
    fail "srun exited with $status"
  }
  equal "$(grep -c 'the task was not started' $output)" 1 "lines that say why"
  says "chos: node2: "
  says "$reason"
  all_is_well
}
all_is_well() {
  finished
  equal "$(daemon_pids)" "$before" "processes of the daemons"
}
step="srun -N 2 --ntasks-per-node=2 --chos=trixie $long"

expect 0 ssh node2 mv /var/lib/chos/os/trixie /var/lib/chos/os/gone
refused "its tree is missing" $step
# A heterogeneous job, whose components have one task each.
refused "its tree is missing" srun -w node1 -n 1 --chos=trixie $long : -w node2 -n 1 $long
rm -f $work/out
cat >$work/script <<END
#!/bin/bash
#SBATCH --chos=trixie -o $work/out -w node1 -n 1
#SBATCH hetjob
#SBATCH -w node2 -n 1
srun --het-group=0,1 $long
echo "ended with \$?"
END
job 0 alice sbatch -W $work/script
cp $work/out $output
equal "$(grep -c 'the task was not started' $output)" 1 "lines that say why"
grep -qE '^ended with (126|137)$' $output || fail "the step of two components"
all_is_well
# A batch script runs on one node.
rm -f $work/out
job 126 alice sbatch -W -w node2 -o $work/out --chos=trixie --wrap "$long"
expect 0 ssh node2 cat $work/out
says "chos: node2: "
says "its tree is missing"
equal "$(wc -l <$output)" 1 "lines in the job's output"
all_is_well
expect 0 ssh node2 mv /var/lib/chos/os/gone /var/lib/chos/os/trixie

# The second node has another list.
second_list() {
  printf '%s\n' "$@" | ssh node2 "cat >/etc/chos && chosctl reload" >$output 2>&1 || fail "reload"
}
second_list trixie:/os/trixie:closed
refused "'trixie' is closed: nobody new may enter" $step
second_list bullseye:/os/bullseye
refused "--chos names 'trixie', which is not in /etc/chos" $step
refused "\$CHOS names 'trixie'" env CHOS=trixie srun -N 2 -n 2 $long
# A job in an OS that node2 has runs.
job 0 alice srun -N 2 --chos=bullseye sh -c "$probe"
tells bullseye node1 node2

expect 0 ssh node2 chosctl down
refused "is not loaded" srun -N 2 --chos=bullseye $long
job 0 alice srun -N 2 sh -c "CHOS=base; $probe"
tells base node1 node2

# The working directory of the job does not exist in the OS.
on_both mkdir -p -m 777 /var/lib/only-here
cd /var/lib/only-here || exit 1
mounts_before=$(mounts)
in_time 30 setpriv --reuid alice --regid alice --init-groups env -i PATH=/usr/bin:/bin \
  srun -w node1 --chos=trixie true >$output 2>&1
equal $? 126 "srun's status"
says "chos: node1: '/var/lib/only-here' cannot be reached in trixie"
cd $work || exit 1
on_both rmdir /var/lib/only-here
cluster
job 0 alice srun -N 2 --chos=trixie sh -c "$probe"
tells trixie node1 node2
all_is_well
