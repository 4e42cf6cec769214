#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# However it is submitted, a job runs in the OS of $CHOS, with its exact arguments, input, environment and
# exit status.
. "${0%/*}/sge-lib.sh"
fresh
write_job
# No newline is among them, because Grid Engine itself passes only the first line of an argument.
odd=("a  b" '' '$HOME' "it's" '*' $'tab\t' -x)
shown=$(printf '<%s>\n' "${odd[@]}")

for os in trixie bullseye; do
  expect 5 submit $os job.sh "${odd[@]}"
  job_said "$(where $os)
$shown" "a script in $os"
done
expect 5 submit trixie -S /bin/bash job.sh x
job_said "$(where trixie)
<x>" "a script with -S"
echo 'echo "${BASH_VERSION:+bash} $(cat /etc/chos-mark)"' >/home/alice/shell.sh
expect 0 submit bullseye -S /bin/bash shell.sh
job_said "bash bullseye" "the shell of -S"
expect 0 submit bullseye -S /bin/sh shell.sh
job_said " bullseye" "another shell of -S"
# With -b y, the file is a program, which Grid Engine executes without a shell.
expect 5 submit bullseye -b y ./job.sh "${odd[@]}"
job_said "$(where bullseye)
$shown" "a program"
expect 5 in_home alice CHOS=trixie sh -c 'qsub -sync y -cwd -j y -o from-stdin <job.sh'
equal "$(head -n 1 /home/alice/from-stdin)" "$(where trixie)" "a script from standard input"
# A program that exists only in bullseye.
printf '#!/bin/sh\necho "only here: $1"\n' >$tree/bullseye/usr/bin/only-in-bullseye
chmod 755 $tree/bullseye/usr/bin/only-in-bullseye
expect 0 submit bullseye -b y only-in-bullseye x
job_said "only here: x" "a program that the base does not have"
rm $tree/bullseye/usr/bin/only-in-bullseye

# Environment variables, also by a -v option in the job script: $CHOS is passed nevertheless.
printf '#!/bin/sh\n#$ -v TWO\necho "$(cat /etc/chos-mark) $ONE $TWO"\n' >/home/alice/variables.sh
rm $said  # Grid Engine appends to an existing file
expect 0 in_home alice CHOS=trixie TWO='b  c' qsub -sync y -cwd -j y -o said -v ONE='a"$x' variables.sh
job_said 'trixie a"$x b  c' "variables"
rm $said
expect 0 in_home alice CHOS=trixie ONE=1 TWO=2 qsub -V -sync y -cwd -j y -o said variables.sh
job_said "trixie 1 2" "variables with -V"
expect 0 submit trixie -v CHOS=bullseye variables.sh
job_said "bullseye  " "-v CHOS=NAME before the variable"

# The other start modes of a queue.
queue_has shell_start_mode unix_behavior
expect 5 submit trixie job.sh "${odd[@]}"
job_said "$(where trixie)
$shown" "unix_behavior"
queue_has shell_start_mode script_from_stdin
expect 5 submit bullseye job.sh "${odd[@]}"
job_said "$(where bullseye)
$shown" "script_from_stdin"
queue_has shell_start_mode posix_compliant

# Interactive jobs.
expect 5 in_home alice CHOS=trixie qrsh -now n -cwd ./job.sh "${odd[@]}"
equal "$(tr -d '\r' <$output)" "$(where trixie)
$shown" "qrsh"
expect 0 in_home alice CHOS=bullseye sh -c 'printf "a\nb\n" | qrsh -now n sh -c "cat /etc/chos-mark -"'
equal "$(tr -d '\r' <$output | tr '\n' ' ')" "bullseye a b " "the input of qrsh"

# Without $CHOS: the base OS, or the site's default.
expect 5 submit - job.sh
equal "$(head -n 1 $said)" "$(where base)" "no choice"
expect 5 submit base job.sh
equal "$(head -n 1 $said)" "$(where base base)" "CHOS=base"
allowlist trixie:/os/trixie bullseye:/os/bullseye default:/os/bullseye
expect 0 chosctl reload
expect 5 submit - job.sh
equal "$(head -n 1 $said)" "$(where bullseye)" "the site's default"
finished
