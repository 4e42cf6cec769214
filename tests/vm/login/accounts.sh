# SPDX-License-Identifier: BSD-3-Clause
# PAM's account management still works: expired accounts are refused, limits apply, an expired password is
# changed.
. "${0%/*}/login-lib.sh"
fresh

# An expired account gets the same message with pam_chos and without.
chage -E 0 aged1
expect 255 ssh aged1@node true
cp $output /tmp/refused
choose aged1 trixie
enable sshd
expect 255 ssh aged1@node true
cmp $output /tmp/refused || fail "refused in other words: $(cat /tmp/refused)"
chage -E -1 aged1
rm /tmp/refused
logged 0

# Limits of pam_limits, in the session in the OS.
cp /etc/security/limits.conf /run/limits.conf
echo 'aged1 hard nofile 777' >>/etc/security/limits.conf
expect 0 ssh aged1@node 'cat /etc/chos-mark; ulimit -Hn'
equal "$(tr '\n' ' ' <$output)" "trixie 777 " "limits in the OS"
cp /run/limits.conf /etc/security/limits.conf

# An expired password: sshd starts only passwd(1), which cannot work in an OS without setuid programs.  Checked
# for a user who has not chosen an OS, and for one who has.
for user in aged2 aged1; do
  echo "$user:old-secret" | chpasswd
  chage -d 0 $user
  old=$(getent shadow $user | cut -d: -f2)
  mark
  in_time 60 python3 "${0%/*}/typist.py" "urrent password: =old-secret" \
    "ew password: =Correct-horse-7" "ew password: =Correct-horse-7" -- ssh -tt $user@node \
    >$output 2>&1
  [ "$(getent shadow $user | cut -d: -f2)" != "$old" ] || fail "the password of $user has not changed"
  logged 1 "user '$user' stays in the base OS: the password has expired"
done
lands trixie aged1
finished
