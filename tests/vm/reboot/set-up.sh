# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner at the first boot: what an administrator has done once.  The node
# is up by then.

set_up() {
  # What is said at the shutdown is to be read after it.
  mkdir -p /var/log/journal
  journalctl --flush
  for os in trixie bullseye; do echo "$os" >"/var/lib/chos/os/$os/etc/chos-mark"; done
  chosctl pam enable sshd
  # A manager for each user takes seconds and is no matter of these cases.
  systemctl --quiet mask user@.service
}

stop_daemons() { systemctl stop ssh cron; }
