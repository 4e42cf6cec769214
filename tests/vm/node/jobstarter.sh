# SPDX-License-Identifier: BSD-3-Clause
# chos_jobstarter with the module: the process, directory and arguments of a job; refusals; calls from
# inside another OS; a script in the spool of Grid Engine.
. "${0%/*}/lib.sh"
start_node
before=$(mounts)
job='echo "$(. /etc/os-release; echo $VERSION_ID) $(cat /proc/chos/setchos) $CHOS $PWD $# <$1>"'
mkdir -p /home/alice/run && chown alice: /home/alice/run
cd /home/alice/run || exit 1
for os in trixie:13 bullseye:11; do
  expect 0 as alice CHOS=${os%:*} chos_jobstarter sh -c "$job" sh 'a  b' ''
  equal "$(cat $output)" "${os#*:} ${os%:*} ${os%:*} /home/alice/run 2 <a  b>" "the job in ${os%:*}"
done
expect 0 as alice CHOS=trixie chos_jobstarter -o bullseye sh -c "$job" sh x
equal "$(cat $output)" "11 bullseye bullseye /home/alice/run 1 <x>" "-o before \$CHOS"
# The job is the process that the scheduler started, not a child of it.
expect 0 as alice CHOS=trixie sh -c 'echo $$; exec chos_jobstarter sh -c "echo \$\$; exit"'
equal "$(sort -u $output | wc -l)" 1 "process ids"
expect 7 as alice CHOS=trixie chos_jobstarter sh -c 'exit 7'

# From inside an OS to another, and back to the base OS.
expect 0 as alice chos -o bullseye env CHOS=trixie /local/usr/bin/chos_jobstarter sh -c "$job" sh x
equal "$(cat $output)" "13 trixie trixie /home/alice/run 1 <x>" "from bullseye to trixie"
expect 0 as alice chos -o bullseye /local/usr/bin/chos_jobstarter -o base sh -c 'cat /proc/chos/setchos; pwd'
equal "$(tr '\n' ' ' <$output)" "/ /home/alice/run " "from bullseye to the base"

# With --pam, a PAM session is opened before and closed after the job, in the base OS and as the user.
cat >/etc/pam.d/chos_job <<'EOF'
session required pam_limits.so conf=/etc/chos_job.limits
session required pam_exec.so /etc/chos_job.note
EOF
echo 'alice - nofile 77' >/etc/chos_job.limits
cat >/etc/chos_job.note <<'EOF'
#!/bin/sh
echo "$PAM_TYPE $PAM_USER $(cat /proc/chos/setchos) $(id -un)" >>/home/alice/run/notes
EOF
chmod 755 /etc/chos_job.note
expect 7 as alice CHOS=trixie chos_jobstarter --pam chos_job \
  sh -c 'echo "$(cat /proc/chos/setchos) $(ulimit -n) $PWD" >>notes; exit 7'
equal "$(paste -s -d, notes)" \
  "open_session alice / alice,trixie 77 /home/alice/run,close_session alice / alice" "the session"
# A PAM session that moves the starter to an OS is closed again, and the job is refused.
echo trixie >/home/alice/.chos
echo 'session optional pam_chos.so min_uid=1' >>/etc/pam.d/chos_job
expect 126 as alice CHOS=trixie chos_jobstarter --pam chos_job echo wrong
rm /home/alice/.chos /etc/chos_job.* /etc/pam.d/chos_job notes

# The job never runs in another OS or directory than requested, nor without the module.
refused() {
  local status=$1 why=$2
  shift 2
  expect "$status" as alice "$@"
  says "$why"
  says "the job was not started"
  equal "$(wc -l <$output)" 1 "lines"
}
refused 126 "\$CHOS names 'sarge'" CHOS=sarge chos_jobstarter echo wrong
refused 100 "\$CHOS names 'sarge'" CHOS=sarge chos_sge_starter echo wrong
refused 127 "'no-such-command' is not found in trixie" CHOS=trixie chos_jobstarter no-such-command
mkdir -p /var/lib/only-here && cd /var/lib/only-here || exit 1
refused 126 "'/var/lib/only-here' cannot be reached in trixie" CHOS=trixie chos_jobstarter echo wrong
cd / || exit 1
rmdir /var/lib/only-here

# The submitted script lies in the spool, which is visible in every OS.
spool=/var/spool/gridengine/execd/node
mkdir -p $spool/job_scripts $spool/active_jobs/7.1
echo "$job" >$spool/job_scripts/7
cd /home/alice/run || exit 1
sge="CHOS=trixie SGE_JOB_SPOOL_DIR=$spool/active_jobs/7.1 SGE_STARTER_SHELL_PATH=/bin/sh"
expect 0 as alice $sge chos_sge_starter $spool/job_scripts/7 x
equal "$(cat $output)" "13 trixie trixie /home/alice/run 1 <x>" "a script of Grid Engine's"
expect 0 as alice $sge chos_sge_starter /bin/echo -n x
equal "$(cat $output)" x "a program of Grid Engine's"
expect 0 as alice CHOS=trixie chos_jobstarter --lsf 'cat /etc/debian_version | cut -c 1-2; exit 0'
equal "$(cat $output)" 13 "a line of LSF's"
rm -r /var/spool/gridengine
equal "$(mounts)" "$before" "mounts"
cd / || exit 1
rm -r /home/alice/run
stop_node
refused 126 "is not loaded" CHOS=trixie chos_jobstarter echo wrong
expect 0 as alice chos_jobstarter echo fine
