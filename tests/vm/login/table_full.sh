# SPDX-License-Identifier: BSD-3-Clause
# No process can be started when pam_chos wants one, to read the user's file: the session is opened
# in the base OS.  The table (that of the session's cgroup) is full just then: a line of PAM before
# ours fills it, and the one after it waits until it has room again, since sshd needs one too.
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
  # Its line in the log: pam_chos has done what it could.
  read -r -t $((30 * CHOS_TIME_SCALE)) _ <&7 || fail "pam_chos says nothing"
  kill $watcher
  group=$(cat /run/filled)
  equal "$(cat "$group/pids.max")" 1 "room in $group"
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
