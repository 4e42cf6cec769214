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

_chosctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' pam='' word
  case $prev in
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
      :up | :down | :reload | :status | :doctor | :pam) command=$word ;;
      pam:enable | pam:disable | pam:status) pam=$word; break ;;
    esac
  done
  case $command in
    up) word="--module" ;;
    down) word="--force --keep-module" ;;
    status | doctor) word="--json" ;;
    reload) word="" ;;
    pam) word=$(_chosctl_pam "$pam" "$cur") ;;
    *) word="up down reload status doctor pam --config --allowlist --version" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$word --help" -- "$cur")
} && complete -F _chosctl chosctl
