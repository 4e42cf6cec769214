# SPDX-License-Identifier: BSD-3-Clause
. "${0%/*}/reboot-lib.sh"
