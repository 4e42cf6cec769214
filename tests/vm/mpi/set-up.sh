# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: a Slurm cluster whose nodes have an OS with MPI.
. "$tests/slurm-set-up"
