# SPDX-License-Identifier: BSD-3-Clause
# sftp, scp and rsync: the server side runs in the user's OS.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie
choose bob bullseye
work=/tmp/transfer
rm -rf $work /home/alice/* /home/bob/*
mkdir $work
head -c 300000 /dev/urandom >$work/sent

# The sftp subsystem is a program: it is the one in the tree.
printf '%s\n' 'pwd' "put $work/sent" "get sent $work/back" "get /etc/chos-mark $work/mark" \
  '!while read -r pid os; do echo "$os $(readlink /proc/$pid/exe)"; done </proc/chos/processes' \
  >$work/batch
expect 0 sftp -q -b $work/batch alice@node
says "Remote working directory: /home/alice"
grep -qE '^trixie .*/sftp-server$' $output || fail "no sftp-server in the OS"
equal "$(cat $work/mark)" trixie "the mark that sftp gets"
cmp $work/sent $work/back || fail "what came back is not what was sent"
equal "$(stat -c %U /home/alice/sent)" alice "owner of what was sent"

# scp (which speaks sftp).
expect 0 scp -q $work/sent alice@node:by-scp
cmp $work/sent /home/alice/by-scp || fail "scp sent something else"
expect 0 scp -q alice@node:by-scp alice@node:/etc/chos-mark $work/
cmp $work/sent $work/by-scp || fail "scp got something else"
equal "$(cat $work/chos-mark)" trixie "the mark that scp gets"

# rsync, both ways.
mkdir -p $work/folder/sub
cp $work/sent $work/folder/sub/
path="cat /etc/chos-mark >rsync-was-in; rsync"
expect 0 rsync -a --rsync-path="$path" $work/folder/ alice@node:folder/
equal "$(cat /home/alice/rsync-was-in)" trixie "where rsync ran"
expect 0 rsync -a --rsync-path="$path" bob@node:/etc/chos-mark $work/
equal "$(cat /home/bob/rsync-was-in)" bullseye "where rsync ran"
equal "$(cat $work/chos-mark)" bullseye "the mark that rsync gets"
diff -r $work/folder /home/alice/folder || fail "rsync sent something else"

# A tree without an sftp server: the program is missing there, but internal-sftp works.
echo "get /etc/chos-mark $work/mark" >$work/batch
! sftp -q -b $work/batch bob@node >$output 2>&1 || fail "an sftp server where there is none"
sshd_changed 'Subsystem sftp internal-sftp'
expect 0 sftp -q -b $work/batch bob@node
equal "$(cat $work/mark)" bullseye "the mark that internal-sftp gets"
expect 0 scp -q $work/sent bob@node:by-scp
cmp $work/sent /home/bob/by-scp || fail "scp with internal-sftp sent something else"
rm -rf $work
finished
