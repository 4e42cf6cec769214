# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: two nodes of a Slurm cluster; the controller runs on node1.
# Without a network card, node1 is the whole cluster.

. "$tests/login-set-up"
eval "login_$(declare -f set_up)"

set_up() {
  login_set_up
  echo "node$CHOS_NODE" >/etc/hostname
  hostname "node$CHOS_NODE"
  printf '%s\n' '127.0.0.1 localhost' '10.0.0.1 node1 node' '10.0.0.2 node2' >/etc/hosts
  "$tests/busybox" ip link set lo up
  if modprobe virtio_net && "$tests/busybox" ip link set eth0 up; then
    "$tests/busybox" ip address add "10.0.0.$CHOS_NODE/24" dev eth0
  else  # Slurm accepts no address of the loopback network for a name
    "$tests/busybox" ip address add 10.0.0.1/32 dev lo
  fi
  printf '%s\n' 'Host node1 node2' 'StrictHostKeyChecking no' 'LogLevel ERROR' 'BatchMode yes' \
    'IdentityFile /root/.ssh/cluster_key' 'UserKnownHostsFile /dev/null' \
    'GSSAPIAuthentication no' >/root/.ssh/config
  cat /root/.ssh/cluster_key.pub >>/etc/ssh/authorized_keys
  printf '%s\n' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'UseDNS no' 'UsePAM yes' \
    'AuthorizedKeysFile /etc/ssh/authorized_keys' >/etc/ssh/sshd_config
  head -c 64 /root/.ssh/cluster_key.pub >/etc/munge/munge.key  # not secret, but the same on both nodes
  chown munge: /etc/munge/munge.key
  chmod 400 /etc/munge/munge.key
  mkdir -p /var/spool/slurmctld /var/spool/slurmd
  chown slurm: /var/spool/slurmctld
  configure_slurm
  systemctl start ssh munge
}

# Writes the configuration of Slurm with the nodes that there are.
configure_slurm() {
  local nodes='node[1-2]'
  [ -e /sys/class/net/eth0 ] || nodes=node1
  cat >/etc/slurm/slurm.conf <<END
ClusterName=chos
SlurmctldHost=node1
AuthType=auth/munge
SlurmUser=slurm
SlurmdUser=root
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurmctld.log
SlurmdLogFile=/var/log/slurmd.log
SlurmdDebug=verbose
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
MinJobAge=30000
MaxArraySize=1000
SlurmdTimeout=3000
SlurmctldTimeout=3000
MessageTimeout=100
TCPTimeout=60
BatchStartTimeout=600
UnkillableStepTimeout=300
KillWait=5
JobSubmitPlugins=lua
SchedulerParameters=defer_batch,sched_min_interval=0
NodeName=$nodes CPUs=8 RealMemory=500
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:64
END
  sed -i '/CryptoType/d' /etc/slurm/slurm.conf
  cp /usr/share/chos/slurm/job_submit.lua /etc/slurm/job_submit.lua 2>/dev/null ||
    sed -i '/JobSubmitPlugins/d' /etc/slurm/slurm.conf
}

stop_daemons() { systemctl stop slurmd slurmctld munge ssh; }
