#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Short jobs of two users in random OSes, not one in a wrong one: 100, or 500 with CHOS_LONG=1.
. "${0%/*}/sge-lib.sh"
fresh
jobs=$([ "${CHOS_LONG:-0}" = 1 ] && echo 500 || echo 100)
oses=(trixie bullseye base)
for user in alice bob; do
  cat >/home/$user/job.sh <<'END'
echo "$1 $(cat /etc/chos-mark) $(cat /proc/chos/setchos) $CHOS $(id -un)" >job.$1
END
done
place_of() { [ "$1" = base ] && echo / || echo "$1"; }

RANDOM=${CHOS_SEED:-$$}
echo "seed ${CHOS_SEED:-$$}"
for n in $(seq "$jobs"); do
  os=${oses[RANDOM % 3]} user=$([ $((RANDOM % 2)) = 0 ] && echo alice || echo bob)
  echo "$n $os $(place_of $os) $os $user" >>$meet/wanted
  expect 0 in_home $user CHOS=$os qsub -terse -cwd -j y -o /dev/null job.sh "$n"
done
# One that has to wait for all others tells their end.
patience=$((jobs * 4))
for user in alice bob; do
  expect 0 in_home $user \
    qsub -sync y -hold_jid job.sh -cwd -j y -o /dev/null -b y true
done
sort -n /home/{alice,bob}/job.[0-9]* >$meet/got
diff $meet/wanted $meet/got >$output || fail "jobs are missing or in another OS"
qstat -u '*' >$output
[ ! -s $output ] || fail "jobs are left"
finished
