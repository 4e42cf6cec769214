# SPDX-License-Identifier: BSD-3-Clause
# ~/.chos in every state that users and accidents produce.  Each login lands in the OS if the file names one;
# otherwise in the base OS, with one line on the terminal and one in the log that say why.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
file=/home/u03/.chos

# terminal OS [REASON]: a shell on a terminal is in that OS; it begins with one line that gives the reason, if
# any.
terminal() {
  local os=$1 reason=${2:-} lines
  mark
  printf '%s\n' "$probe" exit | in_time 5 ssh -tt u03@node >$output 2>&1
  equal "$?" 0 "status of the shell with ~/.chos: $reason"
  tr -d '\r' <$output >$output.clean
  grep -qxF "$(place "$os") u03 /home/u03" $output.clean || fail "not in $os"
  lines=$(grep -c '^chos: ' $output.clean)
  if [ "$os" = base ] && [ -n "$reason" ]; then
    equal "$lines" 1 "lines of reason"
    grep -qE "^chos: .*$reason.*; this session is in the base OS\$" $output.clean ||
      fail "the reason is not: $reason"
    logged 1 "(sshd) user 'u03' stays in the base OS: " "[rule ~/.chos"
  else
    equal "$lines" 0 "lines of reason"
  fi
}
own() { chown -h u03: $file; }

mkfifo $file; own
terminal base "is a FIFO"
rm $file; mkdir $file; own
terminal base "is a directory"
rmdir $file; ln -s /dev/zero $file
terminal base "expected a regular file"
rm $file; truncate -s 1G $file; own
terminal base "has 1073741824 bytes; expected at most 255"
rm $file; printf 'trixie\r\n' >$file; own
terminal trixie
printf '\xef\xbb\xbftrixie\n' >$file
terminal trixie
chmod 0 $file
terminal base "cannot read /home/u03/.chos"
chmod 644 $file; : >$file
terminal base
printf 'tri\0xie\n' >$file
terminal base "control character"
printf 'trixie\nbullseye\n' >$file
terminal base "more than one line"
rm $file; ln -s nowhere $file
terminal base "symbolic link that leads nowhere"

# A name that is not in the list: the message lists those that are.
rm $file
choose u03 sl6
terminal base "names 'sl6', which is not in /etc/chos .you may enter: "
for name in trixi /os/sl6 /os/../os/trixie ../../etc; do
  choose u03 "$name"
  lands base u03
done

# Without a terminal, a program that reads the standard output sees only that of the command.
rm $file; mkfifo $file; own
expect 0 ssh u03@node 'echo output'
grep -v '^chos: ' $output >$output.clean
equal "$(cat $output.clean)" output "what a command prints"
echo "without a terminal the user sees $(grep -c '^chos: ' $output) lines of reason"
rm $file
finished
