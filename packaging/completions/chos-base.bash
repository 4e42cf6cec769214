# SPDX-License-Identifier: BSD-3-Clause
# bash completion for chos-base(1).

# Prints the programs of the base OS whose names begin with $1.
_chos_base_commands() {
  local top='' directory file
  [[ -d /local/usr ]] && top=/local # inside an OS
  for directory in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin; do
    for file in "$top$directory/$1"*; do
      [[ -f $file && -x $file ]] && echo "${file##*/}"
    done
  done
}

_chos_base() {
  local cur=${COMP_WORDS[COMP_CWORD]} at=1
  [[ ${COMP_WORDS[1]} == -- ]] && ((COMP_CWORD > 1)) && at=2
  if ((COMP_CWORD > at)); then
    if declare -F _command_offset >/dev/null; then
      _command_offset "$at" # from the package bash-completion
    else
      compopt -o default
    fi
  elif [[ $cur == -* && $at == 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "--version --help" -- "$cur")
  elif [[ $cur == */* ]]; then
    compopt -o default
  else
    mapfile -t COMPREPLY < <(_chos_base_commands "$cur" | sort -u)
  fi
} && complete -F _chos_base chos-base
