# SPDX-License-Identifier: BSD-3-Clause
# What the login cases share, beside what all node cases do.

. "${0%/*}/lib.sh"
tree=/var/lib/chos/os
meet=/tmp/meet  # for FIFOs; not sticky, or the kernel lets users open only their own
pam_so=$(echo /usr/lib/*/security/pam_chos.so)

# Says where it runs: the OS's mark, the kernel's word, who, in which directory.
probe='echo "$(cat /etc/chos-mark) $(readlink /proc/chos/link 2>/dev/null || echo /) $(id -un) $PWD"'

# The configuration of sshd: a default one, after these lines.
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
    # From 9.8 on refused sessions would make it refuse the next ones.
    ! strings_of_sshd | grep -qi persourcepenalties || echo 'PerSourcePenalties no'
    echo 'Match User forced
  ForceCommand echo "forced in $(cat /etc/chos-mark), asked for: $SSH_ORIGINAL_COMMAND"'
  } >/etc/ssh/sshd_config
  systemctl restart ssh || fail "sshd does not start: $(sshd -t 2>&1)"
}
strings_of_sshd() { grep -a -o -i 'persourcepenalties' /usr/sbin/sshd; }

# Without those that systemd makes for a user and takes away again in its own time.
mounts() { awk '$5 !~ "/run/user/"' /proc/1/mountinfo | wc -l; }

# A node as most cases want it: up, both trees allowed, no user has chosen, PAM as Debian has it.
fresh() {
  cd / || exit 1
  rm -rf /home/*/.chos /root/.chos $meet
  mkdir -m 777 $meet
  rm -f /etc/pam.d/*
  cp -a /run/pam.d/. /etc/pam.d/
  allowlist trixie:/os/trixie bullseye:/os/bullseye
  expect 0 chosctl up
  expect 0 chosctl reload
  # This very configuration is there after the first case, unless one has changed it.
  systemctl -q is-active ssh && [ ! -e /run/sshd-changed ] || sshd_with
  rm -f /run/sshd-changed
  mounts_before=$(mounts)
  mark
}

sshd_changed() {
  touch /run/sshd-changed
  sshd_with "$@"
}

# enable SERVICE...: with $pam_options of chosctl.
pam_options=()
enable() {
  local service
  for service; do
    # Debian keeps some below /usr; what is in /etc comes first.
    [ -e "/etc/pam.d/$service" ] || cp "/usr/lib/pam.d/$service" /etc/pam.d/
  done
  expect 0 chosctl pam enable "${pam_options[@]}" "$@"
}
disable() { expect 0 chosctl pam disable "$@"; }

# choose USER OS: writes it into the user's file, as the user would.
choose() {
  printf '%s\n' "$2" >"/home/$1/.chos"
  chown "$1:" "/home/$1/.chos"
}

place() {
  case $1 in
    base) echo "base /" ;;
    *) echo "$1 /os/$1" ;;
  esac
}

# lands OS USER [SSH-OPTION...]: a command by ssh runs in that OS, in the user's home.
lands() {
  local os=$1 user=$2
  shift 2
  expect 0 ssh "$@" "$user@node" "$probe"
  tr -d '\r' <$output >$output.clean
  equal "$(tail -n 1 $output.clean)" "$(place "$os") $user /home/$user" "where $user is"
}

# The lines of pam_chos in the journal since the last mark.
all_lines() {
  journalctl --sync
  journalctl -q -b -o cat SYSLOG_IDENTIFIER=pam_chos
}
mark() { marked=$(all_lines | wc -l); }
journal() { all_lines | tail -n +$((marked + 1)); }

# logged N TEXT...: pam_chos has written N lines since the mark, the last with each of the texts.
logged() {
  local count=$1 text lines
  shift
  lines=$(journal)
  [ "$(grep -c . <<<"$lines")" = "$count" ] || journalctl -q -b -n 40 -o short-monotonic >$output
  equal "$(grep -c . <<<"$lines")" "$count" "lines in the log ($lines)"
  for text; do
    [[ "${lines##*$'\n'}" == *"$text"* ]] || fail "the log says \"$lines\", without \"$text\""
  done
}

# Processes of users.
of_users() { ps -e -o pid= -o uid= | awk '$2 >= 1000 && $2 < 60000 { print $1 }'; }

# Nothing of the sessions is left: in no OS, nothing mounted.
finished() {
  local pid
  while read -r pid _; do
    timeout $((20 * CHOS_TIME_SCALE)) tail --pid="$pid" -f /dev/null ||
      fail "still there: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
  done </proc/chos/processes
  equal "$(cat /proc/chos/processes)" "" "processes in an OS"
  equal "$(mounts)" "$mounts_before" "mounts"
}

# in_time SECONDS COMMAND...: it ends by then (of a machine that is not emulated: more of others).
in_time() {
  local limit=$1
  shift
  timeout -k 5 $((limit * (CHOS_TIME_SCALE > 1 ? 4 : 1))) "$@"
}

# nfs_server LINE: NFS 4 from this node, with that line of exports(5), until no_nfs_server.
nfs_server() {
  local sub
  modprobe nfsd || fail "the kernel has no NFS server"
  for sub in nfsd:/proc/fs/nfsd rpc_pipefs:/run/rpc_pipefs; do
    mkdir -p "${sub#*:}"
    grep -q " ${sub#*:} " /proc/mounts || mount -t "${sub%%:*}" "${sub%%:*}" "${sub#*:}"
  done
  echo "$1" >/etc/exports
  # A server that has just started gives its clients time to come back: little, here.
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
