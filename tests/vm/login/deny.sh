# SPDX-License-Identifier: BSD-3-Clause
# on_error=deny: a user who cannot enter their OS gets no session; root can still log in.
. "${0%/*}/login-lib.sh"
fresh
pam_options=(--deny)
enable sshd su
choose alice trixie
choose bob sl6
echo sl6 >/root/.chos
lands trixie alice
lands base u01

# refused USER REASON: sshd, with and without a terminal, and su refuse a session of that user.
refused() {
  mark
  ssh "$1@node" "$probe" >$output 2>&1 </dev/null && fail "a session of $1"
  says_not "$1 /home/$1"
  logged 1 "(sshd) user '$1' is refused: " "$2"
  printf '%s\n' "$probe" exit | ssh -tt "$1@node" >$output 2>&1 && fail "a shell of $1"
  says_not "$1 /home/$1"
  su "$1" -c "$probe" >$output 2>&1 </dev/null && fail "su to $1"
  says "$2"
  says "the session is refused"
  expect 0 ssh root@node "$probe"
  equal "$(cat $output)" "$(place base) root /root" "root"
}
refused bob "names 'sl6', which is not in /etc/chos"
expect 0 chosctl down
refused alice "chosctl up"
expect 0 chosctl up
lands trixie alice
# Without pam_chos.so, nothing refuses the session.
mv $pam_so $pam_so.away
lands base bob
mv $pam_so.away $pam_so
rm /root/.chos
finished
