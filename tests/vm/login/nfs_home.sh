# SPDX-License-Identifier: BSD-3-Clause
# A home of mode 0700 on an NFS server that maps root to nobody is read at login, and usable in the OS.  Then
# the server dies: the login waits for the configured time, continues in the base OS, and says why.
. "${0%/*}/login-lib.sh"
fresh
enable su sshd
getent passwd nfsuser >/dev/null || useradd -M -d /home/nfsuser -s /bin/bash nfsuser
mkdir -p /srv/nfs /home/nfsuser
install -d -o nfsuser -g nfsuser -m 700 /srv/nfs/nfsuser
echo trixie >/srv/nfs/nfsuser/.chos
chown nfsuser: /srv/nfs/nfsuser/.chos
chmod 600 /srv/nfs/nfsuser/.chos
nfs_server '/srv/nfs 127.0.0.1(rw,root_squash,no_subtree_check,fsid=0,sec=sys)'

# Whatever happens, restart the server before anything has to wait for it.
clean_up() {
  rpc.nfsd -N 3 -V 4 1
  umount /home/nfsuser || umount -l /home/nfsuser
  no_nfs_server
} >/dev/null 2>&1
trap clean_up EXIT
expect 0 mount -t nfs4 -o hard,timeo=20,retrans=1,noac 127.0.0.1:/nfsuser /home/nfsuser
! cat /home/nfsuser/.chos >/dev/null 2>&1 || fail "root can read the user's file"

lands trixie nfsuser
expect 0 ssh nfsuser@node 'echo written >file && cat file'
equal "$(cat $output)" written "a file in the home"
equal "$(cat /srv/nfs/nfsuser/file)" written "the file on the server"
now() { cut -d' ' -f1 /proc/uptime; }
began=$(now)
expect 0 su nfsuser -c "$probe"
healthy=$(awk "BEGIN { print $(now) - $began }")
equal "$(cut -d' ' -f1-3 $output)" "$(place trixie) nfsuser" "su"

# The server does not respond.  Tested with su, because sshd itself reads files in the home.
pam_options=(--option timeout=5)
enable su
expect 0 rpc.nfsd 0
mark
cd /tmp || exit 1
began=$(now)
expect 0 in_time 20 su nfsuser -c "$probe"
took=$(awk "BEGIN { print $(now) - $began }")
echo "with a dead server the login took $took s, with a healthy one $healthy s"
says "$(place base) nfsuser /tmp"
equal "$(grep -c '^chos: ' $output)" 1 "lines of reason"
says "chos: the home directory of nfsuser does not answer; this session is in the base OS"
logged 1 "(su) user 'nfsuser' stays in the base OS: the home directory of nfsuser does not answer"
awk "BEGIN { exit !($took >= 4.9 && $took <= 7 + 3 * $healthy) }" || fail "the login took $took s, not about 5"

# The server comes back, and logins into the OS work again.
expect 0 rpc.nfsd -N 3 -V 4 1
# After this command, the server knows its client again.
expect 0 in_time 60 setpriv --reuid nfsuser --regid nfsuser --clear-groups cat /home/nfsuser/.chos
lands trixie nfsuser
trap - EXIT
clean_up
finished
