#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The two nodes see each other.
. "${0%/*}/slurm-lib.sh"
expect 0 ssh node2 hostname
equal "$(cat $output)" node2 "the second node"
