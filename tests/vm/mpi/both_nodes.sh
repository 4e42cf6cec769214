#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An MPI program on both nodes inside an OS.  mpirun, the launcher of Open MPI, runs there, finds the nodes by
# Slurm's environment variables, and starts its daemons on them by srun of the base OS, through chos-base.
. "${0%/*}/mpi-lib.sh"
second_is_up
on_both sh -c 'echo mpi >/var/lib/chos/os/mpi/etc/chos-mark'
cluster mpi:/os/mpi
rm -f $work/out
in_time 200 setpriv --reuid alice --regid alice --init-groups env -i HOME=/home/alice USER=alice \
  PATH=/usr/local/bin:/usr/bin:/bin sbatch -W -N 2 --ntasks-per-node=2 --chos=mpi -o $work/out \
  --wrap 'mpirun --version | head -n 1; mpirun --mca btl tcp,self --mca btl_tcp_if_include eth0 mpi-hello' >$output 2>&1
status=$?
cat $work/out
equal $status 0 "the job's status"
grep '^rank' $work/out | sort >$output
equal "$(cat $output | tr '\n' '|')" "rank 0 of 4 on node1 in mpi, sum 6|rank 1 of 4 on node1 in mpi, sum 6|$(
  )rank 2 of 4 on node2 in mpi, sum 6|rank 3 of 4 on node2 in mpi, sum 6|" "the output of the ranks"
finished
