# SPDX-License-Identifier: BSD-3-Clause
# bash completion for chosctl(8).

# What follows `pam`; $1: its subcommand, $2: the word to complete.
_chosctl_pam() {
  local file
  case $1 in
    enable) echo --deny --option ;;
    status) echo --json ;;
    disable) ;;
    *) echo enable disable status; return ;;
  esac
  [[ $2 == -* ]] && return
  for file in /etc/pam.d/*; do
    case ${file##*/} in
      common-* | other | slurm | '*') ;;
      *) echo "${file##*/}" ;;
    esac
  done
}

# The same of `batch`.
_chosctl_batch() {
  local systems='slurm sge condor torque openpbs lsf globus'
  case $1 in
    enable) echo "$systems" --directory --queue --force ;;
    disable) echo "$systems" --directory --queue ;;
    status) echo "$systems" --directory --json ;;
    *) echo enable disable status ;;
  esac
}

_chosctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' part='' word
  case $prev in
    --directory)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      return
      ;;
    --queue) return ;;
    --module | --config | --allowlist)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
    --option)
      compopt -o nospace
      mapfile -t COMPREPLY < <(compgen -W "on_error= user_file= min_uid= exclude_service= timeout= \
        fallback_shell= quiet debug" -- "$cur")
      return
      ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $command:$word in
      :up | :down | :reload | :status | :doctor | :pam | :batch) command=$word ;;
      pam:enable | pam:disable | pam:status | batch:enable | batch:disable | batch:status)
        part=$word; break ;;
    esac
  done
  case $command in
    up) word="--module" ;;
    down) word="--force --keep-module" ;;
    status | doctor) word="--json" ;;
    reload) word="" ;;
    pam) word=$(_chosctl_pam "$part" "$cur") ;;
    batch) word=$(_chosctl_batch "$part") ;;
    *) word="up down reload status doctor pam batch --config --allowlist --version" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$word --help" -- "$cur")
} && complete -F _chosctl chosctl
