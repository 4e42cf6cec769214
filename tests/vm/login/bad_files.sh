# SPDX-License-Identifier: BSD-3-Clause
# ~/.chos as users and accidents make it.  Each login lands in the base OS with one line that says
# why, on the terminal and in the log, or in the OS if what is there can be understood.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
file=/home/u03/.chos

# terminal OS REASON: where a shell on a terminal is, and the one line it begins with.
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

# Names that are not in the list; what would be is said.
rm $file
choose u03 sl6
terminal base "names 'sl6', which is not in /etc/chos .you may enter: "
for name in trixi /os/sl6 /os/../os/trixie ../../etc; do
  choose u03 "$name"
  lands base u03
done

# Without a terminal nothing is in the way of a program that reads the output.
rm $file; mkfifo $file; own
expect 0 ssh u03@node 'echo output'
grep -v '^chos: ' $output >$output.clean
equal "$(cat $output.clean)" output "what a command prints"
echo "without a terminal the user sees $(grep -c '^chos: ' $output) lines of reason"
rm $file
finished
