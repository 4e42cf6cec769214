# SPDX-License-Identifier: BSD-3-Clause
# 60 short jobs in random OSs (500 in the long runs): each runs in its OS, and nothing of them is left.
. "${0%/*}/condor-lib.sh"
fresh
count=60 limit=55
[ -z "${CHOS_LONG:-}" ] || count=500 limit=570
seed=${CHOS_SEED:-$RANDOM}
echo "seed $seed"
RANDOM=$seed
oses=(trixie bullseye base none)
# Two clusters, because within a cluster, a job whose environment= lacks a variable gets that of the first
# job.
for ((n = 0; n < count; n++)); do
  os=${oses[RANDOM % 4]}
  if [ $os = none ]; then echo "$n,NO_OS=1" >>list.none; else echo "$n,CHOS=$os" >>list.named; fi
done
began=$SECONDS
for list in list.*; do
  submit storm <<END
executable = /bin/sh
arguments = probe
environment = "\$(variable)"
output = out.\$(number)
error = err.\$(number)
queue number,variable from $list
END
done
event storm 005 $count $limit
echo "$count jobs in $((SECONDS - began)) s"
while IFS=, read -r number variable; do
  case $variable in
    NO_OS=1) os=none mark=base module=/ ;;
    CHOS=base) os=base mark=base module=/ ;;
    *) os=${variable#CHOS=} mark=$os module=$os ;;
  esac
  equal "$(cat out.$number)" "$mark $module $os alice $jobs" "job $number of $variable"
  equal "$(cat err.$number)" "" "errors of job $number"
done < <(cat list.*)
equal "$(ls out.* | wc -l)" $count "jobs"
finished
