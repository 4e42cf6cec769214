#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A 32-bit Debian on the 64-bit node: what it says it is, its packages, a compiler; by chos, by ssh, in a job.
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
equal "$(tr '\n' ' ' <$output)" "i386 32 " "what it takes itself for"
# A package, made and installed there.
mkdir -p /tmp/package/DEBIAN /tmp/package/usr/bin
printf '#!/bin/sh\necho installed\n' >/tmp/package/usr/bin/of-the-package
chmod 755 /tmp/package/usr/bin/of-the-package
printf '%s\n' 'Package: of-the-tests' 'Version: 1' 'Architecture: i386' 'Depends: libc6' \
  'Maintainer: nobody <nobody@localhost>' 'Description: a package' >/tmp/package/DEBIAN/control
expect 0 as root chos -o i386 dpkg-deb -b /tmp/package /tmp/of-the-tests.deb
expect 0 as root chos -o i386 apt-get -y install /tmp/of-the-tests.deb
expect 0 ssh alice@node of-the-package
equal "$(cat $output)" installed "the installed program"
expect 0 as root chos -o i386 apt-get -y purge of-the-tests
expect 127 ssh alice@node of-the-package
rm -rf /tmp/package /tmp/of-the-tests.deb
finished
