# SPDX-License-Identifier: BSD-3-Clause
# Agent and X11 forwarding into an OS.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie

# A program in the OS reaches the agent, which answers that it has one key.
eval "$(ssh-agent -s)" >/dev/null
expect 0 ssh-add /root/.ssh/id_ed25519
expect 0 ssh -A alice@node 'cat /etc/chos-mark; exec python3 -c "
import os, socket
agent = socket.socket(socket.AF_UNIX)
agent.connect(os.environ[\"SSH_AUTH_SOCK\"])
agent.sendall(b\"\\0\\0\\0\\1\\x0b\")
answer = agent.recv(9)
print(\"kind\", answer[4], \"keys\", int.from_bytes(answer[5:9], \"big\"))"'
kill "$SSH_AGENT_PID"
equal "$(cat $output)" $'trixie\nkind 12 keys 1' "the answer of the agent in the OS"

# X11: data that the session writes to its display, with the cookie that xauth has there, arrives at this
# server, with the cookie of this side.
cookie=00112233445566778899aabbccddeeff
xauth -q -f /root/.Xauthority add 127.0.0.1:77 . $cookie
echo welcome | "${0%/*}/busybox" nc -l -p 6077 >/tmp/x11-got &
server=$!
client='cat /etc/chos-mark; echo "display $DISPLAY"
read -r _ kind cookie < <(xauth list)
echo "$kind ${#cookie}"
number=${DISPLAY#*:}
exec 5<>/dev/tcp/127.0.0.1/$((6000 + ${number%.*}))
printf "l\0\13\0\0\0\22\0\20\0\0\0MIT-MAGIC-COOKIE-1\0\0$(sed "s/../\\\\x&/g" <<<$cookie)" >&5
read -r answer <&5
echo "answer $answer"'
DISPLAY=127.0.0.1:77 expect 0 ssh -Y alice@node "$client"
wait $server
says trixie
grep -qE '^display localhost:[0-9]+\.0$' $output || fail "no display of the session"
says "MIT-MAGIC-COOKIE-1 32"
says "answer welcome"
got=$(od -A n -v -t x1 /tmp/x11-got | tr -d ' \n')
[[ "$got" == *$cookie* ]] || fail "the server received $got, without its cookie"

# A tree without xauth: sshd continues without X11 forwarding.
choose alice bullseye
DISPLAY=127.0.0.1:77 expect 0 ssh -Y alice@node "$probe"
says "$(place bullseye) alice"
rm -f /tmp/x11-got /root/.Xauthority
finished
