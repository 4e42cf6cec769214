# SPDX-License-Identifier: BSD-3-Clause
"""Checks what bash, zsh and fish offer for incomplete command lines.

Usage: completions_test.py SHELL DIRECTORY CHOS CHOSCTL

The shell loads the completions in DIRECTORY.  They ask CHOS for the names of OSs.  The options that they
must offer for chosctl are those in the help of CHOSCTL.  Exit status 77: the shell is not installed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LIST = "trixie:/os/trixie\nsl6:/os/sl6:closed\nhome:/\ndefault:/os/trixie\n"
CHOSCTL = {"up", "down", "reload", "watch", "status", "doctor", "metrics", "os", "pam", "batch"}
OS = {"add", "list", "show", "verify", "close", "open", "default", "replace", "rollback", "remove",
      "pack", "base"}
SOURCES = {"debian:", "rpm:", "tar:", "oci:", "dir:", "image:"}
BATCH = {"slurm", "sge", "condor", "torque", "openpbs", "lsf", "globus"}
TOGGLE = {"enable", "disable", "status"}
# Commands that have subcommands: the subcommands, and a word that may follow each.
GROUPS = {"os": (OS, "trixie"), "pam": (TOGGLE, "sshd"), "batch": (TOGGLE, "slurm")}
# Line -> (words that must be offered, words that must not).  {} is the test's directory.
LINES = {
    "chos -o ": ({"trixie", "home"}, {"sl6", "default", "bullseye"}),
    "chos -o tri": ({"trixie"}, {"home"}),
    "chos --set ": ({"trixie", "home"}, {"sl6"}),
    "chos --os=": ({"trixie", "home"}, {"sl6"}),
    "chos --": ({"--list", "--current", "--set", "--why", "--ps", "--json", "--plain"}, {"trixie"}),
    "chos -o trixie probe-": ({"probe-command"}, {"trixie"}),
    "chos-base --": ({"--version", "--help"}, set()),
    "chos-base en": ({"env"}, {"trixie"}),
    "chosctl ": (CHOSCTL, {"enable", "trixie"}),
    "chosctl --config /etc/x re": ({"reload"}, {"up"}),
    "chosctl down --": ({"--force", "--keep-module"}, {"--module"}),
    "chosctl up --m": ({"--module"}, {"--force"}),
    "chosctl status --j": ({"--json"}, set()),
    "chosctl os ": (OS, {"up", "trixie"}),
    "chosctl os show ": ({"trixie", "sl6"}, {"home", "add"}),
    "chosctl os open ": ({"sl6"}, {"home"}),
    "chosctl os close --json ": ({"trixie"}, {"home"}),
    "chosctl os add new ": (SOURCES, {"trixie"}),
    "chosctl os add --max-size 3G new ": (SOURCES, {"trixie"}),
    "chosctl os add --include gcc --group root --mirror x --variant minbase new ": (SOURCES, {"trixie"}),
    "chosctl os replace --rel": ({"--releasever"}, SOURCES),
    "chosctl os add --releasever 9 new ": (SOURCES, {"trixie"}),
    "chosctl os add --variant ": ({"minbase", "important"}, SOURCES),
    "chosctl os add --group roo": ({"root"}, SOURCES),
    "chosctl os verify trixie ": ({"sl6"}, {"home"}),
    "chosctl os replace ": ({"trixie", "sl6"}, {"home"}),
    "chosctl os replace trixie ": (SOURCES, {"sl6"}),
    "chosctl os add new tar:{}/ima": ({"image.tar"}, {"debian:"}),
    "chosctl os add new debian:tr": ({"trixie"}, {"sid", "rpm:"}),
    "chosctl os pack trixie {}/ima": ({"image.tar"}, {"sl6"}),
    "chosctl os base ": ({"trixie", "sl6"}, {"probe-command"}),
    "chosctl os base trixie probe-": ({"probe-command"}, {"sl6"}),
    "chosctl pam ": (TOGGLE, BATCH),
    "chosctl batch ": (TOGGLE, BATCH),
    "chosctl batch enable ": (BATCH, {"enable"}),
}

ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= PROMPT_EOL_MARK=; unsetopt zle_bracketed_paste; stty -echo'
zpty -w z 'fpath=($DIRECTORY $fpath); autoload -Uz compinit; compinit -u -D'
zpty -w z '
compadd() {
  local -a hits
  if [[ " ${(j: :)${(@)argv[1,(i)--]}} " != *" -"[a-zA-Z]#[OAD]" "* ]]; then
    builtin compadd -A hits "$@"
    (($#hits)) && print -rl -- "<<hit "$^hits">>"
  fi
  builtin compadd "$@"
}
setopt extended_glob
probe() { BUFFER=$LINE_TO_COMPLETE; CURSOR=$#BUFFER; zle complete-word; print "<<end>>"; zle kill-buffer }
zle -N probe
bindkey "^X" probe
print "<<rea""dy>>"'
await() {
  local all= part
  while zpty -r z part; do
    all+=$part
    [[ $part == *$1* ]] && break
  done
  print -r -- "$all"
}
await '<<ready>>' >/dev/null
while IFS= read -r line; do
  zpty -w z "LINE_TO_COMPLETE=${(qq)line}; print '<<set'x'>>'"
  await '<<setx>>' >/dev/null
  zpty -w -n z $'\x18'
  print -r -- "=== $line"
  await '<<end>>'
done
"""

BASH = r"""
set +o history
for file in "$DIRECTORY"/*.bash; do . "$file"; done
while IFS= read -r line; do
  echo "=== $line"
  IFS=$'\x1f' read -r -a COMP_WORDS <&3
  [[ ${COMP_WORDS[-1]} == '<empty>' ]] && COMP_WORDS[-1]=''
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  "_${COMP_WORDS[0]//-/_}" 2>/dev/null
  printf '<<hit %s>>\n' "${COMPREPLY[@]}"
done
"""

FISH = r"""
for file in $DIRECTORY/*.fish; source $file; end
while read -l line
    echo "=== $line"
    complete -C "$line" | string replace -r '\t.*' '' | string replace -r '(.*)' '<<hit $1>>'
end
"""


def lines_of_help(chosctl: str) -> dict:
    """Lines for each subcommand of `chosctl os`, `pam` and `batch`: the shell must offer the options in the
    subcommand's --help, and none of the other subcommands' options."""
    def words(pattern, *command):
        done = subprocess.run([chosctl, *command, "--help"], text=True, capture_output=True, check=True)
        return set(re.findall(pattern, done.stdout, re.MULTILINE)) - {"--help"}
    lines = {}
    for group, (known, word) in GROUPS.items():
        names = words(r"^  ([a-z]+) +[A-Z]", group)
        if not known <= names:
            sys.exit(f"chosctl {group} --help lacks {known - names}")
        options = {name: words(r"^ +(?:-\w, *)?(--[a-z-]+)", group, name) for name in known}
        every = set().union(*options.values())
        for name, own in options.items():
            for before in ("", "" if (group, name) == ("os", "list") else f"{word} "):
                lines[f"chosctl {group} {name} {before}--"] = (own, every - own)
    return lines


def bash_words(line: str) -> str:
    """The words of a line as bash splits it, for COMP_WORDS."""
    words = re.findall(r"[=:]|[^\s=:]+", line)
    if line.endswith(" ") or line.endswith("="):
        words.append("<empty>" if line.endswith(" ") else "")
    words = [word for word in words if word]
    return "\x1f".join(words)


def offered(shell: str, folder: Path, completions: str) -> dict:
    """Line -> set of the words that the shell offers for it."""
    lines = [line.format(folder) for line in LINES]
    env = {**os.environ, "DIRECTORY": completions, "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8",
           "PATH": f"{folder}/bin:/usr/local/bin:/usr/bin:/bin", "XDG_CONFIG_HOME": str(folder),
           "XDG_DATA_HOME": str(folder)}
    if shell == "bash":
        words = folder / "words"
        words.write_text("".join(bash_words(line) + "\n" for line in lines))
        command = ["bash", "--norc", "-c", f"exec 3<{words}\n{BASH}"]
    elif shell == "zsh":
        command = ["zsh", "-f", "-c", ZSH]
    else:
        command = ["fish", "--no-config", "-c", FISH]
    done = subprocess.run(command, input="".join(line + "\n" for line in lines), text=True,
                          capture_output=True, env=env, timeout=100, check=False)
    result, line = {}, None
    for text in done.stdout.replace("\r", "").splitlines():
        if text.startswith("=== "):
            line = text[4:]
            result[line] = set()
        for hit in re.findall(r"<<hit (.*?)>>", text):
            # Keep the last part of a path, and of a word whose prefix the shell keeps.
            hit = re.sub(r"^--os=(?=.)", "", hit.strip()).rstrip("=")
            if folder.name in hit or hit.startswith("debian:") and len(hit) > 7:
                hit = re.split(r"[/:]", hit)[-1]
            result[line].add(hit)
    if done.stderr and not result:
        print(done.stderr)
    return result


def main() -> int:
    shell, completions, program, chosctl = sys.argv[1:]
    if not shutil.which(shell):
        print(f"{shell} is not installed")
        return 77
    LINES.update(lines_of_help(chosctl))
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="chos-complete-") as name:
        folder = Path(name)
        (folder / "list").write_text(LIST)
        (folder / "image.tar").write_text("")
        (folder / "bin").mkdir()
        for tool, text in (("chos", f'exec env "CHOS_TEST_ALLOWLIST={folder}/list" {program} "$@"'),
                           ("probe-command", "")):
            (folder / "bin" / tool).write_text(f"#!/bin/sh\n{text}\n")
            (folder / "bin" / tool).chmod(0o755)
        result = offered(shell, folder, completions)
        for line, (wanted, unwanted) in LINES.items():
            hits = result.get(line.format(folder))
            if hits is None:
                print(f"{shell}: no answer for: {line}")
            else:
                if wanted <= hits and not unwanted & hits:
                    continue
                print(f"{shell}: {line}\n  offered: {' '.join(sorted(hits))}\n"
                      f"  missing: {' '.join(sorted(wanted - hits))}\n"
                      f"  unexpected: {' '.join(sorted(unwanted & hits))}")
            wrong += 1
    print(f"{len(LINES) - wrong} of {len(LINES)} lines are completed correctly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
