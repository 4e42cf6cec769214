#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Jobs of two users run in different OSs on one node at the same time.
. "${0%/*}/slurm-lib.sh"
cluster
mkfifo -m 666 $work/alice.says $work/bob.says $work/alice.goes $work/bob.goes
program='
  . /etc/os-release
  echo "$VERSION_ID $(cat /proc/chos/setchos)" >'$work'/$USER.says
  read -r word <'$work'/$USER.goes
  . /etc/os-release
  echo "$VERSION_ID $(cat /proc/chos/setchos) $word"'
start() {
  in_time 60 setpriv --reuid "$1" --regid "$1" --init-groups env -i HOME="/home/$1" USER="$1" \
    PATH=/usr/bin:/bin srun -w node1 --chos="$2" bash -c "$program" >"$work/$1.out" 2>&1 &
}
start alice trixie
start bob bullseye
equal "$(in_time 30 cat $work/alice.says)" "13 trixie" "alice's OS"
equal "$(in_time 30 cat $work/bob.says)" "11 bullseye" "bob's OS"
equal "$(awk '{ print $2 }' /proc/chos/processes | sort -u | tr '\n' ' ')" "bullseye trixie " \
  "OSs with processes"
for user in alice bob; do echo on >$work/$user.goes; done
wait
equal "$(grep -v '^srun: job' $work/alice.out)" "13 trixie on" "alice's OS at the end"
equal "$(grep -v '^srun: job' $work/bob.out)" "11 bullseye on" "bob's OS at the end"
finished
