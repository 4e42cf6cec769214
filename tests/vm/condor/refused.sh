# SPDX-License-Identifier: BSD-3-Clause
# Jobs that cannot enter their OS are held with the reason and do not run; when the OS is available,
# condor_release starts them.
. "${0%/*}/condor-lib.sh"
fresh
allowlist trixie:/os/trixie closed:/os/none:closed missing:/os/bullseye
expect 0 chosctl reload
mv $tree/bullseye $tree/gone
submit refused <<'END'
executable = /usr/bin/touch
arguments = ran.$(os)
environment = "CHOS=$(os)"
error = $(os).err
queue os in (sarge closed missing trixie)
END
event refused 012 3
event refused 005
equal "$(echo ran.*)" ran.trixie "jobs that ran"
# held OS TEXT: the job of that OS is held, with the text in its reason.
held() {
  expect 0 condor_q "$job" -af Environment HoldReasonCode HoldReasonSubCode HoldReason
  grep "^CHOS=$1 " $output >$output.one
  mv $output.one $output
  says "CHOS=$1 26 126 Error from "
  says "The job wrapper failed to execute the job: chos_jobstarter: "
  says "$2"
  says "; the job was not started"
}
held sarge "\$CHOS names 'sarge', which is not in /etc/chos"
held closed "'closed' is closed"
held missing "its tree is missing"
journalctl --sync
expect 0 journalctl -q -b -o cat SYSLOG_IDENTIFIER=chos_jobstarter
says "user 'alice': \$CHOS names 'sarge'"

# The admin corrects the list.
mv $tree/gone $tree/bullseye
allowlist trixie:/os/trixie closed:/os/trixie sarge:/os/bullseye missing:/os/bullseye
expect 0 chosctl reload
expect 0 condor_release "$job"
event refused 005 4
equal "$(echo ran.*)" "ran.closed ran.missing ran.sarge ran.trixie" "jobs that ran after their release"
expect 0 condor_q "$job" -af JobStatus
equal "$(cat $output)" "" "jobs that are left"

# A program that the OS lacks, and a working directory that is not visible in it.
mkdir -p -m 777 /var/lib/only-here
submit lacking <<'END'
executable = $(what)
transfer_executable = False
initialdir = $(where)
environment = "CHOS=trixie"
queue what,where from (
/no/such/program /home/alice/jobs
/bin/true /var/lib/only-here
)
END
# The path of a log is relative to the job's own directory.
elsewhere=../../../var/lib/only-here/lacking
event lacking 012
event $elsewhere 012
expect 0 condor_q "$job" -af HoldReason
says "'/no/such/program' is not found in trixie"
says "'/var/lib/only-here' cannot be reached in trixie"
expect 0 as alice condor_rm "$job"
event lacking 009
event $elsewhere 009
rm -r /var/lib/only-here
finished
