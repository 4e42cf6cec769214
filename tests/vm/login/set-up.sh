# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: a node with logins.

# Makes the ssh keys of this boot and a mark in each OS, and saves the configuration of PAM.
set_up() {
  mkdir -p -m 700 /root/.ssh
  ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
  ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
  # Not in the homes, because one of them is on a server that stops responding.
  cp /root/.ssh/id_ed25519.pub /etc/ssh/authorized_keys
  printf '%s\n' 'Host *' 'HostName 127.0.0.1' 'StrictHostKeyChecking no' 'LogLevel ERROR' \
    'UserKnownHostsFile /dev/null' 'BatchMode yes' 'GSSAPIAuthentication no' \
    'KexAlgorithms curve25519-sha256' >/root/.ssh/config
  echo base >/etc/chos-mark
  for os in /var/lib/chos/os/trixie /var/lib/chos/os/bullseye; do
    [ -d "$os" ] || continue
    echo "${os##*/}" >"$os/etc/chos-mark"
  done
  cp -a /etc/pam.d /run/pam.d
  # Users with special settings, in addition to alice, bob and u01 to u20.
  for user in forced aged1 aged2; do useradd -m -s /bin/bash "$user"; done
  # Starting a user manager takes seconds, and most cases do not need it.
  systemctl --quiet --runtime mask user@.service
}

stop_daemons() { systemctl stop ssh cron atd; }
