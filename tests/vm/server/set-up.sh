# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: users log in to node1; node2 exports its trees by NFS at the
# address 10.0.0.3, which the cases can remove.

. "$tests/login-set-up"
eval "login_$(declare -f set_up)"

set_up() {
  login_set_up
  echo "node$CHOS_NODE" >/etc/hostname
  hostname "node$CHOS_NODE"
  printf '%s\n' '127.0.0.1 localhost node' '10.0.0.1 node1' '10.0.0.2 node2' '10.0.0.3 trees' >/etc/hosts
  # Sets the network card up, now and after a reboot.
  printf '%s\n' '[Unit]' 'DefaultDependencies=no' 'Before=network.target network-online.target' '[Service]' \
    'Type=oneshot' 'RemainAfterExit=yes' "ExecStart=sh $tests/wire $CHOS_NODE" '[Install]' \
    'WantedBy=network-online.target' >/etc/systemd/system/wire.service
  systemctl daemon-reload
  systemctl enable wire
  systemctl start wire
  sed -i '1i Host node2\nHostName 10.0.0.2\nIdentityFile /root/.ssh/cluster_key\n' /root/.ssh/config
  cat /root/.ssh/cluster_key.pub >>/etc/ssh/authorized_keys
  printf '%s\n' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'UseDNS no' 'UsePAM yes' \
    'AuthorizedKeysFile /etc/ssh/authorized_keys' >/etc/ssh/sshd_config
  if [ "$CHOS_NODE" = 2 ]; then
    (. "$tests/login-lib.sh" && nfs_server '/var/lib/chos/os 10.0.0.0/24(ro,no_root_squash,no_subtree_check,fsid=0,sec=sys)')
  fi
  systemctl enable --now ssh cron
  systemctl unmask remote-fs.target nfs-client.target
  systemctl enable remote-fs.target
}

stop_daemons() { systemctl stop ssh cron; }
