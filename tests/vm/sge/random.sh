#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Short jobs of two users in random OSs, each of which must run in its OS: 100 jobs in arrays of five, because
# a qsub takes seconds on an emulated machine; with CHOS_LONG=1, 500 single jobs.
. "${0%/*}/sge-lib.sh"
fresh
each=5 submissions=20
[ "${CHOS_LONG:-0}" = 1 ] && each=1 submissions=500
oses=(trixie bullseye base)
for user in alice bob; do
  cat >/home/$user/job.sh <<'END'
echo "$1 $SGE_TASK_ID $(cat /etc/chos-mark) $(cat /proc/chos/setchos) $CHOS $(id -un)" \
  >job.$1.$SGE_TASK_ID
END
done
place_of() { [ "$1" = base ] && echo / || echo "$1"; }

seed=${CHOS_SEED:-$$}
RANDOM=$seed
echo "seed $seed"
for n in $(seq $submissions); do
  os=${oses[RANDOM % 3]} user=$([ $((RANDOM % 2)) = 0 ] && echo alice || echo bob)
  for task in $(seq $each); do
    echo "$n $task $os $(place_of $os) $os $user" >>$meet/wanted
  done
  expect 0 in_home $user CHOS=$os qsub -terse -cwd -j y -o /dev/null -t 1-$each job.sh "$n"
  [ $((n % 10)) != 0 ] || echo "submitted: $((n * each)), begun: $(ls /home/*/job.[0-9]* 2>/dev/null | wc -l)"
done
# A job that must wait for all others shows when they have ended.
patience=$((submissions * each * 4))
for user in alice bob; do
  expect 0 in_home $user qsub -sync y -hold_jid job.sh -cwd -j y -o /dev/null -b y true
done
cat /home/{alice,bob}/job.[0-9]* | sort -n -k 1,1 -k 2,2 >$meet/got
diff $meet/wanted $meet/got >$output || fail "seed $seed: jobs are missing or in another OS"
equal "$(wc -l <$meet/got)" $((submissions * each)) "jobs"
qstat -u '*' >$output
[ ! -s $output ] || fail "jobs are left"
finished
