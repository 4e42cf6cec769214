# SPDX-License-Identifier: BSD-3-Clause
# bash completion for chosctl(8).

_chosctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= word
  case $prev in
    --module | --config | --allowlist)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      up | down | reload | status | doctor) command=$word; break ;;
    esac
  done
  case $command in
    up) word="--module" ;;
    down) word="--force --keep-module" ;;
    status | doctor) word="--json" ;;
    reload) word="" ;;
    *) word="up down reload status doctor --config --allowlist --version" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$word --help" -- "$cur")
} && complete -F _chosctl chosctl
