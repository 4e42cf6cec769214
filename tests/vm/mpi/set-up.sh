# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner, before the cases: a cluster of Slurm whose nodes have one OS with MPI.
. "$tests/slurm-set-up"
