# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: a node of Slurm with accounting by slurmdbd.
. "$tests/slurm-set-up"
eval "plain_$(declare -f configure_slurm)"
eval "slurm_$(declare -f stop_daemons)"

configure_slurm() {
  plain_configure_slurm
  printf '%s\n' AccountingStorageType=accounting_storage/slurmdbd AccountingStorageHost=node1 \
    >>/etc/slurm/slurm.conf
  printf '%s\n' AuthType=auth/munge DbdHost=node1 SlurmUser=slurm LogFile=/var/log/slurmdbd.log \
    PidFile=/run/slurmdbd.pid StorageType=accounting_storage/mysql StorageHost=localhost \
    StorageUser=slurm StorageLoc=slurm_acct_db >/etc/slurm/slurmdbd.conf
  chown slurm: /etc/slurm/slurmdbd.conf
  chmod 600 /etc/slurm/slurmdbd.conf
  touch /var/log/slurmdbd.log
  chown slurm: /var/log/slurmdbd.log
  systemctl start mariadb munge
  mysql -e 'create database slurm_acct_db;
    create user slurm@localhost identified via unix_socket;
    grant all on slurm_acct_db.* to slurm@localhost;'
  systemctl start slurmdbd
}

stop_daemons() {
  slurm_stop_daemons
  systemctl stop slurmdbd mariadb
}
