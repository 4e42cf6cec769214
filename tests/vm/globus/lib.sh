# SPDX-License-Identifier: BSD-3-Clause
# What the cases of the gatekeeper share, beside what those of Grid Engine do.

. "${0%/*}/sge-lib.sh"

# What the page for administrators says, to the letter.
enable_globus() {
  expect 0 cp /usr/share/chos/globus/jobmanager-chosfork /usr/share/chos/globus/jobmanager-chosslurm \
    /etc/grid-services/available/
  mkdir -p /etc/globus/gram
  ln -sf /usr/share/globus/globus_gram_job_manager/slurm.rvf /etc/globus/gram/chosslurm.rvf
  expect 0 globus-gatekeeper-admin -e jobmanager-chosfork -n jobmanager-fork
  expect 0 globus-gatekeeper-admin -e jobmanager-chosslurm -n jobmanager-slurm
}

# A gatekeeper with our job managers for fork and Slurm, Debian's own for Grid Engine, and proxies.
fresh_grid() {
  fresh
  enable_globus
  expect 0 globus-gatekeeper-admin -e jobmanager-sge-poll -n jobmanager-sge
  local user
  for user in alice bob; do
    in_home $user grid-proxy-info -exists -valid 1:0 || expect 0 in_home $user grid-proxy-init -q
  done
}

# job MANAGER USER ARGUMENT...: what globus-job-run says is in $output.
job() {
  local manager=$1 user=$2
  shift 2
  in_home "$user" globus-job-run "node.grid/jobmanager-$manager" "$@"
}

# lands MANAGER OS USER: a job runs in that OS.
lands() {
  expect 0 job "$1" "$3" /bin/sh -c 'echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos) $(id -un)"'
  equal "$(cat $output)" "$2 $([ "$2" = base ] && echo / || echo "$2") $3" "$3's job by $1"
}

# both MANAGER OS-OF-ALICE OS-OF-BOB: jobs of both at the same time.
both() {
  local alice bob
  (lands "$1" "$2" alice) & alice=$!
  (output=/tmp/case-output-bob; lands "$1" "$3" bob) & bob=$!
  wait $alice || exit
  wait $bob || exit
}
