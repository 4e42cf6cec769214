# SPDX-License-Identifier: BSD-3-Clause
# What the cases of Slurm share, beside what all node cases do.

. "${0%/*}/lib.sh"
two=$([ -e /sys/class/net/eth0 ] && echo node2)
