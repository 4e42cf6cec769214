#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Logins by ssh into an OS from each kind of source; where there is a compiler, the user compiles and runs a
# program.
. "${0%/*}/sources-lib.sh"
fresh_store
for os in $compilers $small; do
  choose alice $os
  expect 0 ssh alice@node 'cat /proc/chos/setchos; id -un; pwd; . /etc/os-release; echo "$ID ${VERSION_ID-}"'
  equal "$(tr '\n' '|' <$output)" "$os|alice|/home/alice|$(release $os)|" "the login into $os"
  echo "$os: $(release $os)"
done
for pair in deb11:11 deb12:12 deb13:13 i386:12 squash:13 ero:12 packed:11; do
  equal "$(release ${pair%:*})" "debian ${pair#*:}" "the release of ${pair%:*}"
done

cat >/home/alice/hello.c <<'END'
#include <gnu/libc-version.h>
#include <stdio.h>
int main(void) {
  printf("%d bits, libc %s\n", (int)sizeof(long) * 8, gnu_get_libc_version());
  return 7;
}
END
for os in $compilers; do
  choose alice $os
  expect 7 ssh alice@node 'gcc -Wall -Werror -o hello hello.c && ldd ./hello >/dev/null && ./hello'
  bits=64
  [ $os != i386 ] || bits=32
  libc=$(chroot $tree/$os ldd --version | sed -n '1s/.* //p')
  equal "$(cat $output)" "$bits bits, libc $libc" "the program in $os"
  echo "$os: $(cat $output)"
done

# The container image: files that a later layer removed, and a setuid program, which is ineffective on its
# mount.
choose alice oci
expect 0 ssh alice@node 'ls /srv/gone /opt/old/file 2>/dev/null; ls /opt/old; cat /opt/old/new; ls -l /bin/raised'
equal "$(head -n 2 $output | tr '\n' ' ')" "new 3 " "the files that the layers left"
says -rwsr-xr-x
expect 0 chosctl os show oci
says raised
# The tree of an image is the same, whichever format the image had.
for os in oci docker archive; do
  expect 0 chosctl os show $os --json
  grep -o '"digest": *"[^"]*"' $output
done | sort | uniq -c >$output.digests
equal "$(awk '{ print $1 }' $output.digests)" 3 "the OSs with that digest ($(cat $output.digests))"
# Images are mounted once, and their trees are read-only.
for os in squash ero; do
  equal "$(grep -c " $tree/$os " /proc/mounts)" 1 "mounts of the image of $os"
  expect 2 as root chos -o $os sh -c ': >/usr/new'
  says "Read-only file system"
done
expect 0 chosctl os list
for os in $compilers $small; do says "$os "; done
for os in $small packed; do expect 0 chosctl os verify $os; done
finished
