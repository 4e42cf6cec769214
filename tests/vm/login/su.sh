# SPDX-License-Identifier: BSD-3-Clause
# su, su -l, runuser and sudo: where pam_chos is enabled, the command runs in the OS of the target user; where
# it is not, in the OS of the caller.
. "${0%/*}/login-lib.sh"
fresh
choose alice bullseye
choose bob trixie
echo 'Defaults !requiretty' >/etc/sudoers.d/case

# pam_chos is not enabled: the command stays in the base OS.
for how in "su alice -c" "su -l alice -c" "runuser -u alice -- /bin/sh -c" "sudo -u alice /bin/sh -c"; do
  expect 0 $how "$probe"
  equal "$(cut -d' ' -f1-3 $output)" "$(place base) alice" "$how, not enabled"
done
logged 0

# sudo looks the program up in the caller's OS and starts it in the target user's.  /bin/sh exists in both.
enable su runuser sudo
cd /home/bob || exit 1
for how in "su alice -c" "runuser alice -c" "runuser -u alice -- /bin/sh -c" "sudo -u alice /bin/sh -c"; do
  mark
  expect 0 $how "$probe"
  equal "$(cat $output)" "$(place bullseye) alice /home/bob" "$how"
  logged 1 "(${how%% *}) user 'alice' enters 'bullseye'"
done
cd /
for how in "su -l" "su -" "runuser -l"; do
  mark
  expect 0 $how alice -c "$probe; shopt login_shell; echo CHOS=\$CHOS"
  says "$(place bullseye) alice /home/alice"
  says "CHOS=bullseye"
  grep -qE 'login_shell[[:space:]]+on' $output || fail "no login shell"
  logged 1 "user 'alice' enters 'bullseye'"
done
# su returns the exit status of the command, and the caller stays in its OS.
expect 9 su alice -c 'exit 9'
equal "$(cat /proc/chos/setchos)" "/" "the OS of this shell"

# root stays in the base OS.  (Inside an OS, su(1) and PAM are those of the tree; that is not tested here.)
echo trixie >/root/.chos
expect 0 su root -c "$probe"
equal "$(cat $output)" "$(place base) root /" "su to root"
rm /root/.chos

# sudo without pam_chos stays in the caller's OS.
disable sudo
expect 0 su bob -c "PATH=/usr/local/bin:\$PATH chos --current"
equal "$(cat $output)" trixie "the OS of bob"
expect 0 sudo -u bob /bin/sh -c "$probe"
equal "$(cut -d' ' -f1-3 $output)" "$(place base) bob" "sudo, not enabled"
rm /etc/sudoers.d/case
finished
