# SPDX-License-Identifier: BSD-3-Clause
# Jobs with and without transferred files; the OS by environment=, by getenv=, by the submitter's $CHOS, by
# the site's default, and the base OS; arguments, exit status, the private /tmp.
. "${0%/*}/condor-lib.sh"
fresh
cat >job.sh <<'END'
#!/bin/sh
echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos) ${CHOS-none} $(id -un) ${HOME-no home}"
[ . -ef "$_CONDOR_SCRATCH_DIR" ] && echo "$_CONDOR_SCRATCH_DIR"
printf '<%s>' "$@"
echo
cat
cat data
echo "made by $$" >made
touch /tmp/of-the-job && ls -A /tmp
exit 5
END
chmod 755 job.sh
echo from-stdin >input
echo from-data >data

submit transfer <<'END'
executable = job.sh
arguments = "'a  b' '' -o $x '*' ""q"" 'it''s'"
input = input
transfer_input_files = data
should_transfer_files = YES
environment = "CHOS=$(os)"
output = $(os).out
error = $(os).err
transfer_output_remaps = "made = $(os).made"
queue os in (trixie bullseye base)
END
event transfer 005 3
for os in trixie bullseye base; do
  module=$os
  [ $os != base ] || module=/
  equal "$(cat $os.err)" "" "errors of the job in $os"
  equal "$(sed -n 1p $os.out)" "$os $module $os alice no home" "the job in $os"
  [[ "$(sed -n 2p $os.out)" == /var/lib/condor/execute/dir_* ]] ||
    fail "the job's directory in $os is not in HTCondor's EXECUTE: $(sed -n 2p $os.out)"
  equal "$(sed -n 3p $os.out)" "<a  b><><-o><\$x><*><\"q\"><it's>" "arguments in $os"
  equal "$(sed -n 4,5p $os.out | tr '\n' ' ')" "from-stdin from-data " "files in $os"
  equal "$(sed -n '6,$p' $os.out)" of-the-job "/tmp in $os"
  [[ "$(cat $os.made)" == "made by "* ]] || fail "no file came back from $os"
done
[ ! -e /tmp/of-the-job ] || fail "the job's /tmp is not private"
expect 0 condor_history -limit 3 -af ExitCode ExitBySignal
equal "$(sort -u $output)" "5 false" "HTCondor's record of the jobs"

# Without transferred files.  The submitter's $CHOS is used unless environment= or getenv= sets it.
# runs NAME "MARK SETCHOS CHOS" [LINE] [VARIABLE=VALUE]: submits a job with that line in its description and
# that variable in the submitter's environment; the job sees that mark, content of setchos, and $CHOS.
runs() {
  submit "$1" ${4:+"$4"} <<END
executable = /bin/sh
arguments = probe
output = $1.out
${3:-}
queue
END
  event "$1" 005
  equal "$(cat "$1.out")" "$2 alice $jobs" "the job $1"
}
runs submitted "bullseye bullseye bullseye" "" CHOS=bullseye
runs getenv "bullseye bullseye bullseye" "getenv = CHOS" CHOS=bullseye
runs environment "trixie trixie trixie" 'environment = "CHOS=trixie"' CHOS=bullseye
runs base "base / base" 'environment = "CHOS=base"' CHOS=bullseye
runs nothing "base / none"
allowlist trixie:/os/trixie bullseye:/os/bullseye default:/os/trixie
expect 0 chosctl reload
runs default "trixie trixie trixie"
finished
