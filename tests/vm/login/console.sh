# SPDX-License-Identifier: BSD-3-Clause
# A login on the console: login(1) on a terminal.
. "${0%/*}/login-lib.sh"
fresh
enable login
choose alice trixie
choose bob nothing

# console USER: types the probe into a login shell on a new terminal, each line after a prompt of the shell.
# (Debian 13's login discards input that came earlier.)
console() {
  local prompt='$ '
  [ "$1" != root ] || prompt='# '
  python3 "${0%/*}/typist.py" --terminal "$prompt=tty" "$prompt=$probe" "$prompt=exit" -- \
    login -f "$1" 2>&1 | tr -d '\r' >$output
}
console alice
says "$(place trixie) alice /home/alice"
says /dev/pts/
logged 1 "(login) user 'alice' enters 'trixie'"
mark
console bob
says "$(place base) bob /home/bob"
says "chos: /home/bob/.chos names 'nothing', which is not in /etc/chos"
logged 1 "(login) user 'bob' stays in the base OS"
mark
echo trixie >/root/.chos
console root
says "$(place base) root /root"
logged 0
rm /root/.chos
finished
