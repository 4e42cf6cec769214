# SPDX-License-Identifier: BSD-3-Clause
# A user in five groups: id(1) prints the same in the OS as in the base OS, however the session was opened,
# and although the tree has accounts of its own.
. "${0%/*}/login-lib.sh"
fresh
# The account files of the tree differ; the base OS's are mounted over them.
expect 0 chosctl down
echo 'team9:x:4242:u04' >>$tree/bullseye/etc/group
echo 'u04:x:1:1::/nowhere:/bin/false' >>$tree/bullseye/etc/passwd
expect 0 chosctl up
mounts_before=$(mounts)
for n in 1 2 3 4 5; do
  getent group team$n >/dev/null || groupadd team$n
  usermod -a -G team$n u04
done
wanted=$(as u04 id)
equal "$(grep -o '(team[1-9])' <<<"$wanted" | wc -l)" 5 "groups in the base OS"

enable sshd su cron atd
choose u04 bullseye
answer="mark=\$(cat /etc/chos-mark); echo \$mark \$(id)"
expect 0 ssh u04@node "$answer"
equal "$(cat $output)" "bullseye $wanted" "id over ssh"
expect 0 su u04 -c "$answer"
equal "$(cat $output)" "bullseye $wanted" "id by su"
expect 0 su - u04 -c "$answer"
equal "$(cat $output)" "bullseye $wanted" "id by su -"

# Removed from a group: this takes effect at the next login, without any other command.
expect 0 gpasswd -d u04 team3
wanted=$(as u04 id)
equal "$(grep -o '(team[1-9])' <<<"$wanted" | wc -l)" 4 "groups in the base OS"
expect 0 ssh u04@node "$answer"
equal "$(cat $output)" "bullseye $wanted" "id over ssh, removed from a group"

# cron and at report through a FIFO.
mkfifo -m 666 $meet/answer
exec 5<>$meet/answer
echo "@reboot { $answer; } >$meet/answer 2>&1" | crontab -u u04 -
rm -f /run/crond.reboot
systemctl restart cron
read -r -t $((30 * CHOS_TIME_SCALE)) line <&5 || fail "no job of cron"
equal "$line" "bullseye $wanted" "id by cron"
crontab -u u04 -r
systemctl stop cron
systemctl start atd
disable su
expect 0 su u04 -c "echo '{ $answer; } >$meet/answer 2>&1' | at now"
read -r -t $((30 * CHOS_TIME_SCALE)) line <&5 || fail "no job of at"
equal "$line" "bullseye $wanted" "id by at"
systemctl stop atd
finished
