# SPDX-License-Identifier: BSD-3-Clause
# Functions for the cases with a gatekeeper, in addition to those in sge/lib.sh.

. "${0%/*}/sge-lib.sh"
ca=/var/lib/globus/simple_ca pass=pass:globus

# sign REQUEST CERTIFICATE: makes the certificate.
sign() {
  grid-ca-sign -in "$1" -out "$2" -passin $pass -dir $ca -force
}

# Makes a CA and certificates of the node, alice and bob, and starts the gatekeeper.
certificates() {
  local hash name user
  cd /etc/grid-security || return
  grid-ca-create -noint -subject 'cn=CA of the tests, o=Grid' -dir $ca -pass "${pass#*:}" \
    -bits 2048 || return
  hash=$(basename certificates/*.0 .0)
  for name in grid-security globus-host-ssl globus-user-ssl; do
    ln -s certificates/$name.conf."$hash" $name.conf
  done
  grid-cert-request -host node.grid -nopw -force -ca "$hash" &&
    sign hostcert_request.pem hostcert.pem || return
  for user in alice bob; do
    in_home $user grid-cert-request -cn $user -nopw -force -ca "$hash" || return
    cp /home/$user/.globus/usercert_request.pem /run/request.pem
    sign /run/request.pem /run/signed.pem || return
    install -o $user -g $user -m 644 /run/signed.pem /home/$user/.globus/usercert.pem
    openssl x509 -in /run/signed.pem -noout -subject -nameopt compat |
      sed "s/^subject=\(.*\)/\"\1\" $user/" >>grid-mapfile
  done
  mkdir -p /var/log/globus
  chmod 1777 /var/log/globus
  systemctl start globus-gatekeeper
}

start_slurm() {
  systemctl -q is-active slurmctld && return
  head -c 64 /dev/urandom >/etc/munge/munge.key
  chown munge: /etc/munge/munge.key
  chmod 400 /etc/munge/munge.key
  mkdir -p /var/spool/slurmctld /var/spool/slurmd
  chown slurm: /var/spool/slurmctld
  (
    tests=${0%/*}
    . "$tests/slurm-set-up"
    configure_slurm
  )
  sed -i 's/node1/node/g' /etc/slurm/slurm.conf
  echo 'required spank_chos.so' >/etc/slurm/plugstack.conf
  expect 0 systemctl start munge slurmctld slurmd
}

# The commands of the README of the Globus integration, with Slurm apart.
enable_globus() {
  cp /usr/share/chos/globus/jobmanager-chos* /etc/grid-services/available/
  expect 0 globus-gatekeeper-admin -e jobmanager-chosfork -n jobmanager-fork
  expect 0 globus-gatekeeper-admin -e jobmanager-sge-poll -n jobmanager-sge
}
enable_slurm() {
  expect 0 globus-gatekeeper-admin -e jobmanager-chosslurm -n jobmanager-slurm
  install -d /etc/globus/gram &&
    ln -sf /usr/share/globus/globus_gram_job_manager/slurm.rvf /etc/globus/gram/chosslurm.rvf
}

# Makes the state from which most cases start: a gatekeeper with chos's job manager for fork, Debian's for
# Grid Engine, and proxies of the users.
fresh_grid() {
  fresh
  systemctl -q is-active globus-gatekeeper ||
    { cd / && expect 0 certificates; }
  cd / || exit 1
  enable_globus
  local user
  for user in alice bob; do
    echo 'echo "$(cat /etc/chos-mark) $(cat /proc/chos/setchos) $(id -un)"' >/home/$user/where
    in_home $user grid-proxy-info -exists -valid 1:0 || expect 0 in_home $user grid-proxy-init -q
  done
}

# job MANAGER USER ARGUMENT...: runs a job of that user by globus-job-run.
job() {
  local manager=$1 user=$2
  shift 2
  in_home "$user" globus-job-run "node.grid/jobmanager-$manager" "$@"
}

# lands MANAGER OS USER: a job of the user runs in that OS.  (It runs a script, because Globus interprets "$("
# in arguments.)
lands() {
  local wanted
  wanted="$2 $([ "$2" = base ] && echo / || echo "$2") $3"
  expect 0 job "$1" "$3" /bin/sh "/home/$3/where"
  [ "$(cat $output)" = "$wanted" ] || logs "$3"
  equal "$(cat $output)" "$wanted" "$3's job by $1"
}

# logs USER: prints the ends of the logs about the user's jobs.
logs() {
  tail -n 40 "/var/log/globus/gram_$1.log"
  find "/home/$1/.globus/job" -type f | while read -r file; do echo "$file:"; tail -n 20 "$file"; done
  tail -n 30 /var/log/slurmctld.log /var/log/slurmd.log
  scontrol -o show job
} 2>&1

# both MANAGER OS-OF-ALICE OS-OF-BOB: jobs of both users at the same time run in these OSs.
both() {
  local alice bob
  (lands "$1" "$2" alice) & alice=$!
  (output=/tmp/case-output-bob; lands "$1" "$3" bob) & bob=$!
  wait $alice || exit
  wait $bob || exit
}
