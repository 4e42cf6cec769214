# SPDX-License-Identifier: BSD-3-Clause
# pam_chos cannot fork a process to read the user's file: the session is opened in the base OS.  The limit of
# the session's cgroup prevents the fork: the PAM rule before pam_chos sets pids.max to 1.  The rule after it
# waits until the limit is removed, because sshd has to fork as well.
. "${0%/*}/login-lib.sh"
fresh
choose alice trixie
cat >/run/fill <<'EOF'
#!/bin/sh
group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
echo "$group" >/run/filled
echo 1 >"$group/pids.max"
EOF
chmod 755 /run/fill
mkfifo /run/wait
echo "session optional pam_exec.so quiet type=open_session /run/fill" >>/etc/pam.d/sshd
echo "-session optional pam_chos.so" >>/etc/pam.d/sshd
echo "session optional pam_echo.so file=/run/wait" >>/etc/pam.d/sshd

for word in base deny; do
  mark
  rm -f /run/filled
  exec 7< <(exec journalctl -q -b -f --no-tail -o cat SYSLOG_IDENTIFIER=pam_chos)
  watcher=$!
  for ((n = 0; n < marked; n++)); do read -r _ <&7; done
  printf '%s\n' "$probe" exit | in_time 10 ssh -tt alice@node >$output 2>&1 &
  job=$!
  # The message in the log shows that pam_chos has finished.
  read -r -t $((30 * CHOS_TIME_SCALE)) _ <&7 || fail "pam_chos logs nothing"
  kill $watcher
  group=$(cat /run/filled)
  equal "$(cat "$group/pids.max")" 1 "the limit of $group"
  echo max >"$group/pids.max"
  exec 7<&- 8>/run/wait 8>&-
  wait $job
  status=$?
  tr -d '\r' <$output >$output.clean
  if [ $word = base ]; then
    equal "$status" 0 "status of the login"
    grep -qxF "$(place base) alice /home/alice" $output.clean || fail "not in the base OS"
    grep -q "^chos: cannot start a process to read the files of alice" $output.clean ||
      fail "no reason"
    logged 1 "user 'alice' stays in the base OS: cannot start a process"
    sed -i 's/^-session optional pam_chos.so$/session required pam_chos.so on_error=deny/' /etc/pam.d/sshd
  else
    ! grep -qF "alice /home/alice" $output.clean || fail "a session in spite of on_error=deny"
    logged 1 "user 'alice' is refused: cannot start a process"
  fi
done
rm -f /run/fill /run/wait /run/filled
finished
