# SPDX-License-Identifier: BSD-3-Clause
"""The reports of a kernel's detectors in the log of a console: KASAN, lockdep, KCSAN, UBSAN, WARN and BUG.

    for report in kernel_reports.find(text): report.title, report.ours

A report is ours if it names code of the module anywhere: in its title or in one of its stacks.
Tested by kernel_reports_test.py.

Others call find(), ours() and foreign(); nothing here raises.
"""

import re
from dataclasses import dataclass

_KERNEL_LINE = re.compile(r"^\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? ?(.*)$")
_TITLE = re.compile(
    r"^(BUG: |WARNING: |UBSAN: |INFO: task .* blocked|INFO: trying to register|rcu: .*(?:detected|stall)"
    r"|kernel BUG at|general protection|Kernel panic|Oops: |ODEBUG: |refcount_t: |list_(?:add|del) corruption"
    r"|BUG \S+.*: (?:Objects remaining|Poison|Redzone|Object|Freepointer|Left Redzone|Right Redzone))")
# A frame of the module, by name; or an address in the area of modules, once the module is unloaded.
_OURS = re.compile(r"\[chos\]|\bchos_\w+\+0x|\b(?:0x)?ffffffff[a-e][0-9a-f]{7}\b")
# These lines show addresses of whatever was loaded, in reports that concern something else.
_NO_FRAME = re.compile(r"^(Modules linked in|Code|R(?!IP)[A-Z0-9]{2}|CR\d|FS|DR\d|The buggy address)\b")
_END = re.compile(r"^---\[ end trace")
_MOST_LINES = 150


@dataclass
class Report:
    """One report of the kernel."""

    title: str
    lines: list
    ours: bool


def find(text: str) -> list:
    """The reports in a console log, in order."""
    found = []
    current = None
    for line in text.splitlines():
        match = _KERNEL_LINE.match(line)
        if not match:
            continue
        said = match[1].strip()
        if _TITLE.match(said):
            current = Report(said, [], False)
            found.append(current)
        if current is None:
            continue
        current.lines.append(said)
        if _OURS.search(said) and not _NO_FRAME.match(said):
            current.ours = True
        # What follows does not belong to the report.
        if _END.match(said) or len(current.lines) == _MOST_LINES or _closing(current.lines):
            current = None
    return found


def _closing(lines: list) -> bool:
    """Whether the last line is the rule that ends a report; lockdep draws one under its title too."""
    return re.fullmatch(r"={30,}", lines[-1]) is not None and len(lines) > 4


def ours(text: str) -> list:
    """The titles of the reports that concern the module."""
    return [report.title for report in find(text) if report.ours]


def foreign(text: str) -> list:
    """The titles of the reports that do not."""
    return [report.title for report in find(text) if not report.ours]
