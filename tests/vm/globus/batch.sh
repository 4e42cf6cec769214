#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# chosctl batch on a gatekeeper: after `enable`, jobs run in OSs; a second `enable` changes nothing; `disable`
# restores the original state.
. "${0%/*}/globus-lib.sh"
fresh_grid
start_slurm
services() { for file in /etc/grid-services/jobmanager-*; do echo "${file##*/} $(readlink "$file")"; done; }
expect 0 globus-gatekeeper-admin -e jobmanager-fork-poll -n jobmanager-fork
expect 0 globus-gatekeeper-admin -e jobmanager-slurm-poll -n jobmanager-slurm
rm -f /etc/grid-services/jobmanager-chos* /etc/grid-services/available/jobmanager-chos* /etc/globus/gram/chosslurm.rvf
was=$(services)
choose alice trixie
choose bob bullseye
lands fork base alice
expect 0 chosctl batch status globus
says "not enabled"

expect 0 chosctl batch enable globus
lands fork trixie alice
lands slurm bullseye bob
expect 0 chosctl batch status globus
says enabled
enabled=$(services)
expect 0 chosctl batch enable globus
equal "$(services)" "$enabled" "enabled twice"
chosctl doctor >$output 2>&1
says "jobs of the grid gatekeeper run in OSs"

expect 0 chosctl batch disable globus
equal "$(services)" "$was" "disabled"
lands fork base alice
finished
