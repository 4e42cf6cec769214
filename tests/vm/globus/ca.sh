#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A CA, certificates, proxies: the gatekeeper accepts only users in its map, and the job managers are enabled.
. "${0%/*}/globus-lib.sh"
fresh_grid
expect 0 in_home alice grid-proxy-info -identity
says /CN=alice
expect 0 in_home alice globusrun -a -r node.grid/jobmanager-fork
says "GRAM Authentication test successful"
cp /etc/grid-security/grid-mapfile /run/grid-mapfile
sed -i /alice/d /etc/grid-security/grid-mapfile
expect 1 in_home alice globusrun -a -r node.grid/jobmanager-fork
says "authentication with the remote server failed"
cp /run/grid-mapfile /etc/grid-security/grid-mapfile
expect 0 globus-gatekeeper-admin -l
says "jobmanager-fork [ALIAS to jobmanager-chosfork]"
says "jobmanager-sge [ALIAS to jobmanager-sge-poll]"
