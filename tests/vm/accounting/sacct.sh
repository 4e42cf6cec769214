#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The records of jobs that have ended: sacct shows the OS of each.
. "${0%/*}/accounting-lib.sh"
cluster

# accounted NAME COMMENT: slurmdbd has a record of the completed job with that comment, if need be after a
# while.
accounted() {
  local try
  for try in $(seq $((30 * CHOS_TIME_SCALE))); do
    expect 0 sacct -a -X -n -P --name="$1" -o State,AdminComment
    grep -q '^COMPLETED|' $output && break
    sleep 1
  done
  equal "$(cat $output)" "COMPLETED|$2" "the record of the job $1"
}

batch -- -J by-option --chos=trixie "$probe"
tells trixie
accounted by-option chos=trixie
batch CHOS=bullseye -- -J by-variable "$probe"
tells bullseye
accounted by-variable chos=bullseye
batch CHOS=bullseye -- -J to-base --chos=base --export=NONE "$probe"
tells base
accounted to-base chos=base
job 0 alice srun -J a-step --chos=bullseye sh -c "$probe"
tells bullseye
accounted a-step chos=bullseye
# No OS was chosen: the job runs in the node's default, which the controller does not know.
batch -- -J none "CHOS=\${CHOS-base}; $probe"
tells base
accounted none ''
# A user cannot change the comment.
job 0 alice sbatch --parsable -J changed --chos=trixie -o /dev/null --wrap true
job 1 alice scontrol update job "$(cat $output)" admincomment=chos=bullseye
accounted changed chos=trixie
finished
