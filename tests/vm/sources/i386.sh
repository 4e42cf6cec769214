#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A 32-bit Debian on the 64-bit node: its architecture, packages and compiler; by chos, by ssh, in a job.
. "${0%/*}/sources-lib.sh"
fresh_store
choose alice i386
expect 0 as alice chos -o i386 uname -m
equal "$(cat $output)" i686 "the machine, by chos"
expect 0 ssh alice@node uname -m
equal "$(cat $output)" i686 "the machine, by ssh"
expect 0 as alice env CHOS=i386 chos_jobstarter uname -m
equal "$(cat $output)" i686 "the machine, in a job"
expect 0 ssh alice@node 'dpkg --print-architecture; getconf LONG_BIT'
equal "$(tr '\n' ' ' <$output)" "i386 32 " "the architecture"
# by chos|ssh|job COMMAND: runs it as alice in the OS, in her home.
by() {
  case $1 in
    chos) as alice chos -o i386 sh -c "cd && $2" ;;
    ssh) ssh alice@node "$2" ;;
    job) as alice sh -c 'cd && CHOS=i386 exec chos_jobstarter sh -c "$0"' "$2" ;;
  esac
}
printf '%s\n' '#include <stdio.h>' 'int main(void) { printf("%d\n", 8 * (int)sizeof(long)); return 7; }' \
  >/home/alice/bits.c
# A package that is made inside the OS.
mkdir -p /tmp/package/DEBIAN /tmp/package/usr/bin
printf '#!/bin/sh\necho installed\n' >/tmp/package/usr/bin/of-the-package
chmod 755 /tmp/package/usr/bin/of-the-package
printf '%s\n' 'Package: of-the-tests' 'Version: 1' 'Architecture: i386' 'Depends: libc6' \
  'Maintainer: nobody <nobody@localhost>' 'Description: a package' >/tmp/package/DEBIAN/control
expect 0 as root chos -o i386 dpkg-deb -b /tmp/package /tmp/of-the-tests.deb
for how in chos ssh job; do
  expect 7 by $how 'gcc -o bits bits.c && ./bits'
  equal "$(cat $output)" 32 "the bits of the program compiled by $how"
  expect 0 by $how 'apt-get -s install /tmp/of-the-tests.deb'
  says "Inst of-the-tests (1 local-deb [i386])"
done
rm /home/alice/bits*
# Root installs and removes it.
for starter in "chos -o i386" "env CHOS=i386 chos_jobstarter"; do
  expect 0 as root $starter apt-get -y install /tmp/of-the-tests.deb
  expect 0 ssh alice@node of-the-package
  equal "$(cat $output)" installed "the installed program"
  expect 0 as root $starter apt-get -y purge of-the-tests
  expect 127 ssh alice@node of-the-package
done
rm -rf /tmp/package /tmp/of-the-tests.deb
finished
