#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A job that is submitted inside an OS runs in that OS, and so does a job that a job submits.
. "${0%/*}/sge-lib.sh"
fresh
write_job
for os in trixie bullseye; do
  rm -f $said
  expect 5 in_home alice chos -o $os qsub -sync y -cwd -j y -o said job.sh 'a  b'
  job_said "$(where $os)
<a  b>" "a job from inside $os"
done
expect 0 in_home alice chos -o trixie qstat -f
says main.q
expect 5 in_home alice chos -o trixie qrsh -now n -cwd ./job.sh x
equal "$(head -n 1 $output | tr -d '\r')" "$(where trixie)" "qrsh from inside trixie"
rm -f $said
expect 5 in_home alice chos -o trixie env CHOS=bullseye qsub -sync y -cwd -j y -o said job.sh
equal "$(head -n 1 $said)" "$(where bullseye)" "\$CHOS, which takes precedence over the submitter's OS"

echo 'qsub -sync y -cwd -j y -o said job.sh from-a-job' >/home/alice/outer.sh
rm -f $said
expect 5 in_home alice CHOS=bullseye qsub -sync y -cwd -j y -o outer-said outer.sh
job_said "$(where bullseye)
<from-a-job>" "a job of a job"
finished
