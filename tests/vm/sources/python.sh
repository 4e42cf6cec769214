#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Python's own tests of paths and processes have the same results in an OS as in a plain chroot of its tree.
. "${0%/*}/sources-lib.sh"
fresh_store
for os in ${CHOS_OSS:-$compilers}; do
  echo "$os at $SECONDS s"
  python_agrees $os
done
finished
