#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# make -f Makefile.kbuild check: builds the module with W=1 and sparse, and runs
# checkpatch on its sources; fails if any of them reports something about our files.
# Works on a copy, so that build results in the tree stay as they are.
#
# KDIR        build directory of the kernel (set by Makefile.kbuild)
# CHECKPATCH  path of checkpatch.pl (default: KDIR's, else that of Debian's linux-source)
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# Prints the path of a checkpatch.pl, unpacked from Debian's linux-source if needed.
find_checkpatch() {
	local found archive cache
	if [ -n "${CHECKPATCH:-}" ]; then
		echo "$CHECKPATCH"
		return
	fi
	for found in "$KDIR/scripts/checkpatch.pl" "$KDIR/source/scripts/checkpatch.pl"; do
		if [ -f "$found" ]; then
			echo "$found"
			return
		fi
	done
	archive=$(find /usr/src -maxdepth 1 -name 'linux-source-*.tar.xz' | sort -V | tail -n 1)
	if [ -z "$archive" ]; then
		echo "check: no checkpatch.pl: install Debian's linux-source, or set CHECKPATCH=FILE" >&2
		return 1
	fi
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/chos/checkpatch/$(stat -c %Y-%s "$archive")
	if [ ! -f "$cache/checkpatch.pl" ]; then
		echo "check: unpacking checkpatch from $archive" >&2
		mkdir -p "$cache.new"
		tar -C "$cache.new" --strip-components=2 --wildcards -xJf "$archive" \
			'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
			'*/scripts/const_structs.checkpatch'
		rm -rf "$cache"
		mv "$cache.new" "$cache"
	fi
	echo "$cache/checkpatch.pl"
}

command -v sparse >/dev/null || { echo "check: install sparse" >&2; exit 1; }
checkpatch=$(find_checkpatch)
failed=0

echo "check: W=1 and sparse, $KDIR"
mkdir "$copy/kmod"
cp -r "$top/kmod/." "$copy/kmod"
cp -r "$top/include" "$copy/include"
find "$copy" \( -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' \) -delete
if ! make -s -C "$KDIR" M="$copy/kmod" W=1 C=2 CF=-D__CHECK_ENDIAN__ modules \
	>"$copy/out" 2>"$copy/log"; then
	failed=1
fi
# The kernel's own headers may cause warnings with W=1; only those in our files count.
if grep -E "^$copy.*(warning|error):" "$copy/log" "$copy/out" >&2; then
	failed=1
elif [ $failed = 1 ]; then
	cat "$copy/log" >&2
fi

echo "check: checkpatch"
for file in "$top"/kmod/*.[ch] "$top"/kmod/probe/*.c "$top"/include/chos/abi.h; do
	perl "$checkpatch" --no-tree --no-summary --terse --show-types -f "$file" >&2 ||
		failed=1
done

[ $failed = 0 ] && echo "check: clean"
exit $failed
