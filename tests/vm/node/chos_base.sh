# SPDX-License-Identifier: BSD-3-Clause
# chos-base: commands of the base OS are called inside a newer OS, an older one and a 32-bit one; up and
# reload add and remove the links to them.
. "${0%/*}/lib.sh"
cat >/usr/bin/qsub <<'EOF'
#!/bin/bash
echo "$(. /etc/os-release; echo $VERSION_ID) $(uname -m) $(cat /proc/chos/setchos) CHOS=${CHOS-unset} $PWD $(pwd -P) $# <$1> <$2>"
[ "$1" != - ] || cat
[ "$1" != tty ] || { tty; stty size; }
exit 7
EOF
chmod 755 /usr/bin/qsub
mkdir -p /var/lib/slurm/slurmd /home/alice/run
echo 'echo a script' >/var/lib/slurm/slurmd/script
chown alice: /home/alice/run
trees=/var/lib/chos/os
echo node >/proc/sys/kernel/hostname  # sudo complains about a host name that does not resolve
start_node
allowlist trixie:/os/trixie bullseye:/os/bullseye i386:/os/i386:persona=linux32
printf '[base]\nadd = ["sudo", "id"]\n' >/etc/chos.conf
expect 0 chosctl reload
says "layers"
expect 0 chosctl reload
says "nothing had to be changed"
before=$(mounts)

cd /home/alice/run || exit 1
for os in trixie bullseye i386; do
  equal "$(readlink /chos/os/$os/usr/local/bin/qsub)" /local/usr/bin/chos-base "the link in $os"
  equal "$(ls -A $trees/$os/usr/local/bin)" "" "in the tree of $os"
  [ ! -e /chos/os/$os/usr/local/bin/sbatch ] && [ ! -L /chos/os/$os/usr/local/bin/sbatch ] ||
    fail "$os has a link for a command that the base does not have"

  # The shell of the OS starts it, and it runs in the base OS.  $CHOS is the name of the calling OS.
  expect 7 as alice chos -o $os sh -c 'qsub "a  b" ""'
  equal "$(cat $output)" "12 x86_64 / CHOS=$os /home/alice/run /home/alice/run 2 <a  b> <>" "qsub in $os"
  expect 7 as alice chos -o $os sh -c 'unset CHOS; qsub x'
  equal "$(cat $output)" "12 x86_64 / CHOS=$os /home/alice/run /home/alice/run 1 <x> <>" "no CHOS, in $os"
  expect 7 as alice chos -o $os sh -c 'CHOS=sarge qsub x'
  equal "$(cat $output)" "12 x86_64 / CHOS=sarge /home/alice/run /home/alice/run 1 <x> <>" "another CHOS"
  expect 7 as alice chos -o $os sh -c 'echo through the pipe | qsub -'
  says "through the pipe"
  expect 7 as alice chos -o $os chos-base qsub --help
  says "1 <--help> <>"
  # This way a job that is submitted inside an OS runs in that OS.
  expect 0 as alice chos -o $os sh -c 'chos-base chos sh -c "cat /proc/chos/setchos"'
  equal "$(cat $output)" $os "the OS that chos chooses in the base OS"
  # The caller stays in its OS.
  expect 0 as alice chos -o $os sh -c 'qsub >/dev/null; cat /proc/chos/setchos; pwd'
  equal "$(tr '\n' ' ' <$output)" "$os /home/alice/run " "after it, in $os"

  # The command has the caller's terminal.
  as alice script -qec "stty rows 33 cols 77; chos -o $os qsub tty" /dev/null >$output 2>&1 </dev/null
  equal $? 7 "the exit status on a terminal"
  says /dev/pts/
  says "33 77"

  # sudo of the base OS works, and gives rights in the base OS.
  expect 0 as alice chos -o $os sh -c 'sudo -n sh -c "id -u; cat /proc/chos/setchos"'
  equal "$(tr '\n' ' ' <$output)" "0 / " "sudo in $os"
  expect 0 as alice chos -o $os id -u
  equal "$(cat $output)" "$(id -u alice)" "id in $os"

  # The directory of a scheduler is visible in an OS whose tree lacks it.
  expect 0 as alice chos -o $os sh /var/lib/slurm/slurmd/script
  says "a script"
done

# A command of the base OS does not inherit the personality of a 32-bit OS.
expect 0 as alice chos -o i386 uname -m
equal "$(cat $output)" i686 "uname in i386"
expect 0 as alice chos -o i386 chos-base uname -m
equal "$(cat $output)" x86_64 "uname in the base"

refused() {
  local status=$1 why=$2
  shift 2
  expect "$status" as alice "$@"
  says "$why"
  equal "$(wc -l <$output)" 1 "lines"
}
refused 127 "'no-such-command' is not found in the base OS" chos -o trixie chos-base no-such-command
mkdir -p $trees/trixie/opt/only-here
refused 126 "'/opt/only-here' cannot be reached in the base OS" \
  chos -o trixie sh -c 'cd /opt/only-here && qsub wrong'
rmdir $trees/trixie/opt/only-here
expect 7 as alice chos -o trixie sh -c 'cd /local/etc && qsub x'
says " /etc 1 <x>"
# In the base OS, chos-base only executes the command.
expect 7 as alice chos-base qsub x
equal "$(cat $output)" "12 x86_64 / CHOS=unset /home/alice/run /home/alice/run 1 <x> <>" "in the base"
ln -s chos-base /usr/bin/qstat
refused 127 "except for a link to chos-base" timeout 20 qstat
rm /usr/bin/qstat
# Links that are no longer wanted are removed.
rm /usr/bin/qsub
printf '[base]\nadd = ["id"]\n' >/etc/chos.conf
expect 0 chosctl reload
for os in trixie bullseye i386; do
  for name in qsub sudo; do
    [ ! -L /chos/os/$os/usr/local/bin/$name ] || fail "the link $name stays in $os"
  done
  [ -L /chos/os/$os/usr/local/bin/id ] || fail "the link id went from $os"
done
equal "$(mounts)" "$before" "mounts"
expect 0 chosctl doctor
says_not "chos-base"
cd / || exit 1
rm -r /home/alice/run /etc/chos.conf
stop_node
rm -r /var/lib/slurm
