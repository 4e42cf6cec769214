# SPDX-License-Identifier: BSD-3-Clause
# Nobody is locked out: whatever is broken, a user's login continues in the base OS with one line that says
# why, and root can log in.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie
echo trixie >/root/.chos

# still_in REASON: alice gets a shell in the base OS, and a line with the reason.
still_in() {
  mark
  printf '%s\n' "$probe" exit | in_time 10 ssh -tt alice@node >$output 2>&1
  equal "$?" 0 "status of the login ($1)"
  tr -d '\r' <$output >$output.clean
  grep -qxF "$(place base) alice /home/alice" $output.clean || fail "not in the base OS ($1)"
  equal "$(grep -c '^chos: ' $output.clean)" 1 "lines of reason ($1)"
  grep -qE "^chos: .*$1.*; this session is in the base OS\$" $output.clean ||
    fail "the reason is not: $1"
  logged 1 "(sshd) user 'alice' stays in the base OS: "
}
root_can_log_in() {
  expect 0 ssh root@node "$probe"
  equal "$(cat $output)" "$(place base) root /root" "root, who has chosen an OS"
}

root_can_log_in

# The OS is no longer in the list (in the file only, then in force); its tree or the shell in it is missing.
allowlist bullseye:/os/bullseye
still_in "names 'trixie', which is not in /etc/chos"
expect 0 chosctl reload
still_in "names 'trixie', which is not in /etc/chos"
allowlist trixie:/os/trixie bullseye:/os/bullseye
still_in "trixie"
allowlist trixie:/os/trixie:closed
expect 0 chosctl reload
still_in "'trixie' is closed"
allowlist trixie:/os/trixie bullseye:/os/bullseye
expect 0 chosctl reload
mv $tree/trixie/usr/bin/bash $tree/trixie/usr/bin/bash.away
still_in "'trixie' has no /bin/bash that can be run, your login shell"
mv $tree/trixie/usr/bin/bash.away $tree/trixie/usr/bin/bash
mv $tree/trixie/usr $tree/trixie/usr.away
still_in "trixie"
mv $tree/trixie/usr.away $tree/trixie/usr

# The list is unusable: users are told why, and nobody is locked out.
for damage in "chmod 666 /etc/chos" "chown bob /etc/chos" "eval echo nonsense >/etc/chos" \
  "eval head -c 100000 /dev/urandom >/etc/chos"; do
  $damage
  still_in "/etc/chos"
  allowlist trixie:/os/trixie bullseye:/os/bullseye
done
rm /etc/chos
still_in "names 'trixie', which is not in /etc/chos"
allowlist trixie:/os/trixie bullseye:/os/bullseye

# The module is not loaded.
expect 0 chosctl down
still_in "chosctl up"
root_can_log_in
expect 0 chosctl up
lands trixie alice

# pam_chos.so is missing: PAM continues without it.
mv $pam_so $pam_so.away
mark
lands base alice
logged 0
mv $pam_so.away $pam_so
lands trixie alice
rm /root/.chos
finished
