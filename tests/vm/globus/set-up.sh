# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner, before the cases: a gatekeeper with a certificate of a CA of this
# boot, in front of fork, Grid Engine and Slurm.

. "$tests/slurm-set-up"
. "$tests/sge-set-up"  # its set_up is the one that is called

eval "sge_$(declare -f set_up)"
eval "sge_$(declare -f stop_daemons)"

set_up() {
  sge_set_up
  # Grid Engine goes by the short name; certificates go by the full one, and its address by itself.
  echo '10.0.0.2 node.grid' >>/etc/hosts
  "$tests/busybox" ip address add 10.0.0.2/32 dev lo
  start_slurm
  make_certificates
  mkdir -p /var/log/globus
  chmod 1777 /var/log/globus
  systemctl start globus-gatekeeper
}

start_slurm() {
  head -c 64 /dev/urandom >/etc/munge/munge.key
  chown munge: /etc/munge/munge.key
  chmod 400 /etc/munge/munge.key
  mkdir -p /var/spool/slurmctld /var/spool/slurmd
  chown slurm: /var/spool/slurmctld
  configure_slurm
  sed -i 's/node1/node/g' /etc/slurm/slurm.conf
  echo 'required spank_chos.so' >/etc/slurm/plugstack.conf
  systemctl start munge slurmctld slurmd
}

make_certificates() {
  local ca=/var/lib/globus/simple_ca pass='pass:globus' hash name user
  cd /etc/grid-security || return
  grid-ca-create -noint -subject 'cn=CA of the tests, o=Grid' -dir $ca -pass "${pass#*:}" -bits 2048
  hash=$(basename certificates/*.0 .0)
  for name in grid-security globus-host-ssl globus-user-ssl; do
    ln -s certificates/$name.conf."$hash" $name.conf
  done
  grid-cert-request -host node.grid -nopw -force -ca "$hash" </dev/null
  grid-ca-sign -in hostcert_request.pem -out hostcert.pem -passin $pass -dir $ca -force
  for user in alice bob; do
    setpriv --reuid $user --regid $user --init-groups env HOME=/home/$user USER=$user \
      LOGNAME=$user grid-cert-request -cn $user -nopw -force -ca "$hash" </dev/null
    cp /home/$user/.globus/usercert_request.pem /run/request.pem
    grid-ca-sign -in /run/request.pem -out /run/signed.pem -passin $pass -dir $ca -force
    install -o $user -g $user -m 644 /run/signed.pem /home/$user/.globus/usercert.pem
    echo "\"$(openssl x509 -in /run/signed.pem -noout -subject -nameopt compat |
      sed 's/^subject=//')\" $user" >>grid-mapfile
  done
  cd / || return
}

stop_daemons() {
  systemctl stop globus-gatekeeper slurmd slurmctld munge
  sge_stop_daemons
}
