# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner: at the first boot, set_up does what an administrator has done once.  chos is
# already up by then.

set_up() {
  # Keeps the messages of the shutdown, to be read after it.
  mkdir -p /var/log/journal
  journalctl --flush
  for os in trixie bullseye; do echo "$os" >"/var/lib/chos/os/$os/etc/chos-mark"; done
  chosctl pam enable sshd
  # Starting a user manager takes seconds, and these cases do not need it.
  systemctl --quiet mask user@.service
}

stop_daemons() { systemctl stop ssh cron; }
