# SPDX-License-Identifier: BSD-3-Clause
# Jobs of cron and at run in the OS of their owner; the spools are those of the base OS.
. "${0%/*}/login-lib.sh"
fresh
choose alice trixie
choose bob bullseye
mkfifo -m 666 $meet/said
exec 5<>$meet/said
# In a script, because $probe has quotes, and cron turns a % into a newline.
printf '%s\n' "$probe" >/tmp/probe.sh
chmod 644 /tmp/probe.sh

# next LABEL LINE: checks the next line that a job prints.
next() {
  read -r -t $((90 + 10 * CHOS_TIME_SCALE)) line <&5 || fail "no job: $1"
  equal "$line" "$2" "$1"
}

# pam_chos is not enabled.
echo "@reboot sh /tmp/probe.sh >$meet/said 2>&1" | crontab -u alice -
rm -f /run/crond.reboot
systemctl restart cron
next "cron, not enabled" "$(place base) alice /home/alice"
crontab -u alice -r

# Jobs of every minute, with the clock set to a few seconds before a full minute.
enable cron atd
echo "* * * * * sh /tmp/probe.sh >$meet/said 2>&1" | crontab -u alice -
echo "* * * * * sh /tmp/probe.sh >$meet/said 2>&1" | crontab -u u01 -
systemctl stop cron
mark
date -s "$(date '+%F %H:%M:57')" >/dev/null
systemctl start cron
read -r -t $((90 + 10 * CHOS_TIME_SCALE)) one <&5 || fail "no job in a minute"
read -r -t $((90 + 10 * CHOS_TIME_SCALE)) two <&5 || fail "only one job in a minute: $one"
equal "$(printf '%s\n' "$one" "$two" | sort)" \
  "$(printf '%s\n' "$(place base) u01 /home/u01" "$(place trixie) alice /home/alice" | sort)" \
  "where the jobs of a minute ran"
logged 1 "(cron) user 'alice' enters 'trixie'"
systemctl stop cron

# The crontab lies in the spool of the base OS, not in the tree.
test -e /var/spool/cron/crontabs/alice || fail "no spool"
test ! -e $tree/trixie/var/spool/cron/crontabs/alice || fail "a spool in the tree"
crontab -u alice -r
crontab -u u01 -r

# at: jobs of several users.
systemctl start atd
mark
expect 0 su bob -c "echo 'sh /tmp/probe.sh >$meet/said 2>&1' | at now"
next "at" "$(place bullseye) bob /"
logged 1 "(atd) user 'bob' enters 'bullseye'"
expect 0 su alice -c "cd; echo 'sh /tmp/probe.sh >$meet/said 2>&1' | at now"
next "at, from the home directory" "$(place trixie) alice /home/alice"
# After these jobs, atd itself is still in the base OS.
expect 0 su u01 -c "echo 'sh /tmp/probe.sh >$meet/said 2>&1' | at now"
next "at, for a user who has not chosen" "$(place base) u01 /"
equal "$(cat /proc/chos/processes | grep -c "^$(pidof atd) ")" 0 "atd in an OS"
systemctl stop atd
rm -f /tmp/probe.sh
finished
