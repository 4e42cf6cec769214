# SPDX-License-Identifier: BSD-3-Clause
# Functions for the cases with Grid Engine, in addition to those in login/lib.sh.

. "${0%/*}/login-lib.sh"
cell=/var/lib/gridengine/default/common

# The commands of the README of the Grid Engine integration, literally.
enable_sge() {
  local QUEUE=main.q SGE_ROOT=/var/lib/gridengine SGE_CELL=default
  expect 0 qconf -Mattr queue /usr/share/chos/sge/queue $QUEUE
  cat /usr/share/chos/sge/sge_request >>$SGE_ROOT/$SGE_CELL/common/sge_request
}

# queue_has ATTRIBUTE VALUE: sets an attribute of the queue.
queue_has() {
  echo "$1 $2" >/tmp/attribute
  expect 0 qconf -Mattr queue /tmp/attribute main.q
}

# Makes the state from which most cases start: chos is up, the queue starts its jobs by chos, there are no
# jobs.
fresh() {
  cd / || exit 1
  rm -rf /home/*/* /home/*/.chos /root/.chos $meet
  mkdir -m 777 $meet
  qdel -f -u '*' >/dev/null 2>&1
  qconf -sq main.q | grep -q '^shell_start_mode *posix_compliant' ||
    queue_has shell_start_mode posix_compliant
  rm -f $cell/sge_request
  enable_sge
  allowlist trixie:/os/trixie bullseye:/os/bullseye
  expect 0 chosctl up
  expect 0 chosctl reload
  mounts_before=$(mounts)
}

# in_home USER [VARIABLE=VALUE...] COMMAND...: runs it as the user, in the user's home, within $patience
# seconds.
patience=120
in_home() {
  local user=$1
  shift
  (cd "/home/$user" && in_time $patience setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i HOME="/home/$user" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
    PATH=/usr/local/bin:/usr/bin:/bin "$@")
}

# submit OS ARGUMENT-OF-QSUB...: submits a job of alice's with that $CHOS (- for none), and waits for its end.
# Its output is then in $said.
said=/home/alice/said
submit() {
  local os=$1 variable=()
  shift
  [ "$os" = - ] || variable=(CHOS="$os")
  rm -f $said
  in_home alice "${variable[@]}" qsub -sync y -cwd -j y -o said "$@"
  local status=$?
  [ $status -lt 100 ] || cat $said # the reason why the job was not started, to show in the log
  return $status
}

# job_said TEXT LABEL: checks the output of the last job.
job_said() { equal "$(cat $said)" "$1" "$2"; }

# Makes job.sh, which prints where it runs and its arguments, and exits with 5.
write_job() {
  cat >/home/alice/job.sh <<'END'
#!/bin/bash
echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos) CHOS=$CHOS $PWD $(id -un)"
printf '<%s>\n' "$@"
exit 5
END
  chmod 755 /home/alice/job.sh
}

# where OS [CHOS]: the first line of the output of job.sh in that OS.
where() {
  case $1 in
    base) echo "base / CHOS=${2-} /home/alice alice" ;;
    *) echo "$1 $1 CHOS=${2-$1} /home/alice alice" ;;
  esac
}

# state NUMBER: the state of a job, as qstat shows it.
state() { qstat -u '*' | awk -v job="$1" '$1 == job { print $5 }'; }

# until_state NUMBER STATE: waits until a job has that state.
until_state() {
  local try
  for try in $(seq $((60 * CHOS_TIME_SCALE))); do
    [ "$(state "$1")" = "$2" ] && return
    sleep 1
  done
  qstat -u '*' >$output
  fail "job $1 is in state \"$(state "$1")\", wanted \"$2\""
}

# refused OS REASON: alice's job.sh, which would make the file `ran`, does not run, and the reason is in its
# output and in the log.  Its number is in $job.
refused() {
  rm -f $said /home/alice/ran
  expect 0 in_home alice CHOS="$1" qsub -terse -cwd -j y -o said job.sh
  job=$(cat $output)
  until_state "$job" Eqw
  expect 0 qstat -j "$job"
  says "job start = 100"
  cp $said $output
  says "$2"
  says "the job was not started"
  equal "$(wc -l <$said)" 1 "lines"
  [ ! -e /home/alice/ran ] || fail "it ran"
  journalctl --sync
  journalctl -q -b -o cat SYSLOG_IDENTIFIER=chos_jobstarter | grep -qF "$2" || fail "the log lacks it"
}
