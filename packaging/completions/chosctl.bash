# SPDX-License-Identifier: BSD-3-Clause
# bash completion for chosctl(8).

# Prints the candidates after `pam`.  $1: the subcommand, if any; $2: the word to complete.
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

# Prints the candidates after `batch`.  $1: the subcommand, if any.
_chosctl_batch() {
  local systems='slurm sge condor torque openpbs lsf globus'
  case $1 in
    enable) echo "$systems" --directory --queue --force ;;
    disable) echo "$systems" --directory --queue --force ;;
    status) echo "$systems" --directory --json ;;
    *) echo enable disable status ;;
  esac
}

# Prints the names of all OSs, including closed ones.
_chosctl_names() {
  local name path state may
  while IFS=$'\t' read -r name path state may; do
    [[ $path != / ]] && printf '%s\n' "$name"
  done < <(chos --list --plain 2>/dev/null)
}

# Prints the candidates after `os`.  $1: the subcommand, if any; $2: the number of words without a dash
# that follow it.
_chosctl_os() {
  case $1 in
    '') echo add list show verify close open default replace rollback remove pack base; return ;;
    add) echo --closed --suid --group ;;&
    add | replace) echo --max-size --drop-devices --allow-writable --include --variant --mirror \
      --allow-expired --releasever --no-signatures ;;
    pack) echo --squashfs --erofs ;;
    base) echo --remove ;;
  esac
  echo --json
  [[ $cur == -* ]] && return
  case $1:$2 in
    add:1 | replace:1) echo debian: rpm: tar: oci: dir: image: ;;
    add:* | list:*) ;;
    *:0 | verify:*) _chosctl_names ;;
    base:*) compgen -c -- "$cur" ;;
  esac
}

# Completes paths.  $1: -f for files, -d for directories.
_chosctl_paths() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_chosctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' part='' word
  local -i count=0
  case $prev in
    --directory) _chosctl_paths -d; return ;;
    --module | --config | --allowlist) _chosctl_paths -f; return ;;
    --queue | --max-size | --include | --mirror | --releasever) return ;;
    --group) mapfile -t COMPREPLY < <(compgen -g -- "$cur"); return ;;
    --variant) mapfile -t COMPREPLY < <(compgen -W "minbase important standard" -- "$cur"); return ;;
    --option)
      compopt -o nospace
      mapfile -t COMPREPLY < <(compgen -W "on_error= user_file= min_uid= exclude_service= timeout= \
        fallback_shell= quiet debug" -- "$cur")
      return
      ;;
  esac
  local before=''
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # Skip the value of an option.
    case $before in
      --config | --allowlist | --max-size | --include | --variant | --mirror | --releasever | --group)
        before=''
        continue
        ;;
    esac
    before=$word
    case $command:$part:$word in
      ::up | ::down | ::reload | ::watch | ::status | ::doctor | ::metrics | ::pam | ::batch | \
        ::os) command=$word ;;
      os:?*:-*) ;;
      os:?*:*) count+=1 ;;
      pam::-* | batch::-* | os::-*) ;;
      pam::* | batch::* | os::*) part=$word ;;
    esac
  done
  case $command in
    up) word="--module" ;;
    down) word="--force --keep-module --at-shutdown" ;;
    status | doctor) word="--json" ;;
    reload | watch | metrics) word="" ;;
    pam) word=$(_chosctl_pam "$part" "$cur") ;;
    batch) word=$(_chosctl_batch "$part") ;;
    os)
      # bash splits tar:FILE into three words.
      if [[ $part == add || $part == replace ]] && [[ $cur == : || $prev == : ]]; then
        cur=${cur#:}
        case " ${COMP_WORDS[*]:0:COMP_CWORD} " in
          *' dir '*) _chosctl_paths -d ;;
          *' debian '*) mapfile -t COMPREPLY < <(compgen -W "bullseye bookworm trixie sid" -- "$cur") ;;
          *) _chosctl_paths -f ;;
        esac
        return
      fi
      if [[ $part == pack ]] && ((count == 1)) && [[ $cur != -* ]]; then _chosctl_paths -f; return; fi
      word=$(_chosctl_os "$part" "$count")
      [[ $part == add || $part == replace ]] && ((count == 1)) && [[ $cur != -* ]] && compopt -o nospace
      ;;
    *) word="up down reload watch status doctor metrics os pam batch --config --allowlist --version" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$word --help" -- "$cur")
} && complete -F _chosctl chosctl
