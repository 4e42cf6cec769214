# SPDX-License-Identifier: BSD-3-Clause
# bash completion for chos(1).

# Prints the names of the OSs that the caller may enter, and base.
_chos_names() {
  local name path state may
  while IFS=$'\t' read -r name path state may; do
    [[ $may == yes ]] && printf '%s\n' "$name"
  done < <(chos --list --plain 2>/dev/null)
}

_chos() {
  local cur=${COMP_WORDS[COMP_CWORD]} at=1 command_only=
  # Find the first word that is neither an option nor the value of one: the command.
  while ((at < COMP_CWORD)); do
    case ${COMP_WORDS[at]} in
      -o | --os | --set)
        # bash splits --os=NAME into three words.
        if [[ ${COMP_WORDS[at + 1]} == = ]]; then ((at += 3)); else ((at += 2)); fi
        ;;
      --) ((at += 1)); command_only=yes; break ;;
      -?*) ((at += 1)) ;;
      *) break ;;
    esac
  done
  if ((at > COMP_CWORD)); then
    mapfile -t COMPREPLY < <(compgen -W "$(_chos_names)" -- "${cur#=}")
  elif ((at == COMP_CWORD)) && [[ $cur == -* && ! $command_only ]]; then
    mapfile -t COMPREPLY < <(compgen -W "-o --os --list --current --set --why --ps --json \
      --plain --version --help" -- "$cur")
  elif declare -F _command_offset >/dev/null; then
    _command_offset "$at" # from the package bash-completion
  elif ((at == COMP_CWORD)); then
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  else
    compopt -o default
  fi
} && complete -F _chos chos
