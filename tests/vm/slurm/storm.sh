#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Many short jobs of several users in random OSs on both nodes, while Slurm is reconfigured, a slurmd is
# restarted and chosctl reload runs.  Each job must run in its OS, and nothing of the jobs may be left.
. "${0%/*}/slurm-lib.sh"
cluster
count=40
[ -z "${CHOS_LONG:-}" ] || count=500
RANDOM=${CHOS_SEED:-$$}
on_both mkdir -m 777 $work/results
descriptors() {
  local node
  for node in node1 $second; do
    ssh $node 'for daemon in slurmctld slurmd munged; do
      pid=$(pidof -s $daemon) && ls /proc/$pid/fd | wc -l; done'
  done
}
# The minimum of several counts: a daemon has another descriptor while it communicates, which would hide a
# leak.
fewest() {
  local look
  for look in 1 2 3 4 5 6 7 8 9 10; do descriptors | tr '\n' ' '; echo; sleep 1; done |
    awk '{ for (i = 1; i <= NF; i++) if (NR == 1 || $i < few[i]) few[i] = $i } END { for (i = 1; i <= NF; i++) print few[i] }'
}
# Both are also done during the test.  A slurmd that was restarted (by systemctl, or in 24.11 by the first of
# these) has one descriptor less.
expect 0 scontrol reconfigure
expect 0 ssh "${second:-node1}" systemctl restart slurmd
expect 0 in_time 60 srun -N "$(nodes)" --chos=base true
before=$(fewest)
mounts2_before=$([ -z "$second" ] || mounts ssh node2)

line='echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos) $CHOS" >'$work'/results/$SLURM_JOB_ID'
# submit N: submits a job, and adds its number and the expected output to $work/wanted.
submit() {
  local os how user=u$(printf %02d $((RANDOM % 20 + 1))) variables=() options=()
  case $((RANDOM % 3)) in
    0) os=trixie ;;
    1) os=bullseye ;;
    2) os=base ;;
  esac
  case $((RANDOM % 3)) in
    0) options=(--chos=$os) ;;
    1) variables=(CHOS=$os) ;;
    2) variables=(CHOS=$os) options=(--export=NONE) ;;
  esac
  number=$(in_time 60 setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i HOME="/home/$user" PATH=/usr/bin:/bin "${variables[@]}" \
    sbatch --parsable -J storm -o /dev/null "${options[@]}" --wrap "$line") || fail "sbatch of job $1"
  echo "$number $(place $os) $os" >>$work/wanted
}
for ((n = 1; n <= count; n++)); do
  submit $n
  case $n in
    $((count / 4))) expect 0 scontrol reconfigure ;;
    $((count / 2))) expect 0 ssh "${second:-node1}" systemctl restart slurmd ;;
    $((count * 3 / 4))) on_both chosctl reload >$output 2>&1 || fail "chosctl reload" ;;
  esac
  [ $((n % 20)) != 0 ] || echo "$n of $count submitted, $(ls $work/results | wc -l) have ended on node1"
done
echo "all submitted: $(awk '{ print $NF }' $work/wanted | sort | uniq -c | tr -s ' \n' ' ')"
numbers=$(awk '{ printf ":%s", $1 }' $work/wanted)
# This job ends after all of them have ended.
in_time $((count * 20)) srun -Q --chos=base -n 1 -d "afterany$numbers" true >$output 2>&1 || fail "they did not end"
scontrol -o show job >$output.jobs
equal "$(grep 'JobName=storm' $output.jobs | grep -vc 'JobState=COMPLETED')" 0 \
  "jobs that failed ($(grep 'JobName=storm' $output.jobs | grep -v 'JobState=COMPLETED' | head -n 3))"
[ -z "$second" ] || ssh node2 tar -C $work -c results | tar -C $work -x
for number in $(awk '{ print $1 }' $work/wanted); do
  echo "$number $(cat "$work/results/$number")"
done >$work/said
diff $work/wanted $work/said >$output || fail "$(grep -c '^<' $output) of $count jobs in another OS, or lost"
while read -r number _ _ os; do
  grep "JobId=$number " $output.jobs | grep -q "AdminComment=chos=$os " ||
    fail "the comment of job $number does not name $os"
done <$work/wanted
finished
equal "$(fewest | tr '\n' ' ')" "$(tr '\n' ' ' <<<"$before")" "descriptors of slurmctld, slurmd, munged of each node"
[ -z "$second" ] || same_mounts "$mounts2_before" ssh node2
for node in node1 $second; do
  equal "$(ssh $node 'ps -e -o uid= | awk "\$1 >= 1000 && \$1 < 60000" | wc -l')" 0 "processes of users on $node"
done
