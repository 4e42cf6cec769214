# SPDX-License-Identifier: BSD-3-Clause
# sshd is restarted, and the module unloaded and loaded, while sessions are open: these continue, and new
# logins work afterwards.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie
choose bob bullseye
mkfifo -m 666 $meet/said $meet/go
exec 5<>$meet/said 6<>$meet/go
for user in alice bob; do
  ssh $user@node "echo $user >$meet/said; read -r _ <$meet/go; cat /etc/chos-mark; id -un" \
    >/tmp/session-$user 2>&1 &
  read -r -t $((30 * CHOS_TIME_SCALE)) line <&5 || fail "no session of $user"
done
systemctl restart ssh
lands trixie alice
lands bullseye bob

expect 0 chosctl down --force
says alice
lands base alice
expect 0 chosctl up
lands trixie alice
lands bullseye bob
echo >&6
echo >&6
wait
equal "$(cat /tmp/session-alice /tmp/session-bob | tr '\n' ' ')" "trixie alice bullseye bob " \
  "the output of the sessions that were open"
rm /tmp/session-*
finished
