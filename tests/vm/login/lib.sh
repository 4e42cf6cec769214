# SPDX-License-Identifier: BSD-3-Clause
# Functions for the cases with logins, in addition to those in node/lib.sh.

. "${0%/*}/lib.sh"
tree=/var/lib/chos/os
# A directory for FIFOs.  It is not sticky: in a sticky one, the kernel lets users open only their own.
meet=/tmp/meet
pam_so=$(echo /usr/lib/*/security/pam_chos.so)

# Prints where it runs: the mark of the OS, the target of the link, the user, the working directory.
probe='echo "$(cat /etc/chos-mark) $(readlink /proc/chos/link 2>/dev/null || echo /) $(id -un) $PWD"'

# sshd_with LINE...: writes the configuration of sshd, these lines first, and restarts it.
sshd_with() {
  {
    printf '%s\n' "$@"
    [[ "$*" == *Subsystem* ]] || echo 'Subsystem sftp /usr/lib/openssh/sftp-server'
    echo 'HostKey /etc/ssh/ssh_host_ed25519_key
ListenAddress 127.0.0.1
AuthorizedKeysFile /etc/ssh/authorized_keys
KbdInteractiveAuthentication no
UsePAM yes
UseDNS no
PrintMotd no
X11Forwarding yes
MaxStartups 100
AcceptEnv LANG LC_*'
    # From 9.8 on, refused sessions would make sshd refuse later ones.
    ! strings_of_sshd | grep -qi persourcepenalties || echo 'PerSourcePenalties no'
    echo 'Match User forced
  ForceCommand echo "forced in $(cat /etc/chos-mark), asked for: $SSH_ORIGINAL_COMMAND"'
  } >/etc/ssh/sshd_config
  systemctl restart ssh || fail "sshd does not start: $(sshd -t 2>&1)"
}
strings_of_sshd() { grep -a -o -i 'persourcepenalties' /usr/sbin/sshd; }

# The number of mounts, without /run/user/UID, which systemd unmounts some time after a logout.
mounts() { awk '$5 !~ "/run/user/"' /proc/1/mountinfo | wc -l; }

# Makes the state from which most cases start: chos is up, two OSs are allowed, no user has chosen one, and
# PAM is configured as in Debian.
fresh() {
  cd / || exit 1
  rm -rf /home/*/.chos /root/.chos $meet
  mkdir -m 777 $meet
  rm -f /etc/pam.d/*
  cp -a /run/pam.d/. /etc/pam.d/
  allowlist trixie:/os/trixie bullseye:/os/bullseye
  expect 0 chosctl up
  expect 0 chosctl reload
  # After the first case, sshd has this configuration unless a case has changed it.
  systemctl -q is-active ssh && [ ! -e /run/sshd-changed ] || sshd_with
  rm -f /run/sshd-changed
  mounts_before=$(mounts)
  mark
}

# sshd_changed LINE...: as sshd_with, for the rest of the case.
sshd_changed() {
  touch /run/sshd-changed
  sshd_with "$@"
}

# enable SERVICE...: enables pam_chos for these services, with the options in $pam_options.
pam_options=()
enable() {
  local service
  for service; do
    # Debian has some in /usr; a file in /etc takes precedence.
    [ -e "/etc/pam.d/$service" ] || cp "/usr/lib/pam.d/$service" /etc/pam.d/
  done
  expect 0 chosctl pam enable "${pam_options[@]}" "$@"
}
disable() { expect 0 chosctl pam disable "$@"; }

# choose USER OS: writes the OS into ~/.chos of the user.
choose() {
  printf '%s\n' "$2" >"/home/$1/.chos"
  chown "$1:" "/home/$1/.chos"
}

# place OS: the first two words that the probe prints there.
place() {
  case $1 in
    base) echo "base /" ;;
    *) echo "$1 /os/$1" ;;
  esac
}

# lands OS USER [SSH-OPTION...]: a command of the user by ssh runs in that OS, in the user's home.
lands() {
  local os=$1 user=$2
  shift 2
  expect 0 ssh "$@" "$user@node" "$probe"
  tr -d '\r' <$output >$output.clean
  equal "$(tail -n 1 $output.clean)" "$(place "$os") $user /home/$user" "where $user is"
}

# All messages of pam_chos in the journal.
all_lines() {
  journalctl --sync
  journalctl -q -b -o cat SYSLOG_IDENTIFIER=pam_chos
}
# mark remembers the end of the journal; journal prints the messages of pam_chos since then.
mark() { marked=$(all_lines | wc -l); }
journal() { all_lines | tail -n +$((marked + 1)); }

# logged N TEXT...: pam_chos has logged N messages since the mark, and the last one contains each text.
logged() {
  local count=$1 text lines
  shift
  lines=$(journal)
  [ "$(grep -c . <<<"$lines")" = "$count" ] || journalctl -q -b -n 40 -o short-monotonic >$output
  equal "$(grep -c . <<<"$lines")" "$count" "lines in the log ($lines)"
  for text; do
    [[ "${lines##*$'\n'}" == *"$text"* ]] || fail "the last line of the log lacks \"$text\": \"$lines\""
  done
}

# The PIDs of the users' processes.
user_processes() { ps -e -o pid= -o uid= | awk '$2 >= 1000 && $2 < 60000 { print $1 }'; }

# Waits until the sessions have ended, and checks that no process in an OS and no mount is left.
finished() {
  local pid
  while read -r pid _; do
    timeout $((20 * CHOS_TIME_SCALE)) tail --pid="$pid" -f /dev/null ||
      fail "still running: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
  done </proc/chos/processes
  equal "$(cat /proc/chos/processes)" "" "processes in an OS"
  equal "$(mounts)" "$mounts_before" "mounts"
}

# in_time SECONDS COMMAND...: kills the command after this time, which is longer on an emulated machine.
in_time() {
  local limit=$1
  shift
  timeout -k 5 $((limit * (CHOS_TIME_SCALE > 1 ? 4 : 1))) "$@"
}

# nfs_server LINE: starts an NFS 4 server on this node with that line of exports(5); no_nfs_server stops it.
nfs_server() {
  local sub
  modprobe nfsd || fail "the kernel has no NFS server"
  for sub in nfsd:/proc/fs/nfsd rpc_pipefs:/run/rpc_pipefs; do
    mkdir -p "${sub#*:}"
    grep -q " ${sub#*:} " /proc/mounts || mount -t "${sub%%:*}" "${sub%%:*}" "${sub#*:}"
  done
  echo "$1" >/etc/exports
  # A server that has just started waits for its former clients: make that time short.
  echo 10 >/proc/fs/nfsd/nfsv4leasetime
  echo 10 >/proc/fs/nfsd/nfsv4gracetime
  expect 0 exportfs -ra
  rpc.mountd -N 3 || fail "no mountd"
  expect 0 rpc.nfsd -N 3 -V 4 1
}
no_nfs_server() {
  rpc.nfsd 0
  kill "$(pidof rpc.mountd)"
  exportfs -ua
  umount /proc/fs/nfsd /run/rpc_pipefs
}
