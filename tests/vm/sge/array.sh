#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An array job of 100 tasks: each runs once, in the OS of the submitter's $CHOS.
. "${0%/*}/sge-lib.sh"
fresh
echo 'echo "$SGE_TASK_ID $(cat /etc/chos-mark) $(cat /proc/chos/setchos)" >task.$SGE_TASK_ID' \
  >/home/alice/task.sh
patience=280
expect 0 in_home alice CHOS=bullseye qsub -sync y -cwd -j y -o /dev/null -t 1-100 task.sh
equal "$(grep -c 'exited with exit code 0' $output)" 100 "tasks that ended well"
equal "$(cat /home/alice/task.[0-9]* | sort -n)" "$(seq -f '%g bullseye bullseye' 100)" "the tasks"
finished
