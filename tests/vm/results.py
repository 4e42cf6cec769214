# SPDX-License-Identifier: BSD-3-Clause
"""Outcomes of cases, and how they are shown."""

from dataclasses import dataclass
from pathlib import Path

from .progress import tail


NOT_RUN = "not run"


@dataclass
class Outcome:
    """One case on one kernel (group "unit", "check" for what runs without one)."""

    group: str
    case: str
    status: str  # PASS, FAIL or SKIP
    seconds: float = 0.0
    reason: str = ""
    log: Path = None
    count: int = 1  # how many tests it stands for


def one_line(outcome: Outcome) -> str:
    text = f"{outcome.status}  {outcome.group:7} {outcome.case}"
    if outcome.status == "PASS":
        return f"{text}  {outcome.seconds:.1f} s"
    return f"{text}  {outcome.reason}"


def table(outcomes: list) -> str:
    """A case a row, a group a column."""
    groups = list(dict.fromkeys(o.group for o in outcomes))
    rows = list(dict.fromkeys(o.case for o in outcomes))
    cells = {(o.case, o.group): o for o in outcomes}
    width = max([len(row) for row in rows] + [4])
    lines = ["case".ljust(width) + "".join(f"  {group:>9}" for group in groups)]
    for row in rows:
        line = row.ljust(width)
        for group in groups:
            outcome = cells.get((row, group))
            if outcome is None:
                text = ""
            elif outcome.status == "PASS":
                text = f"{outcome.seconds:.1f} s"
                if outcome.count > 1:
                    text = f"{outcome.count} ok"
            else:
                text = outcome.status
            line += f"  {text:>9}"
        lines.append(line)
    return "\n".join(lines)


def report(outcomes: list) -> int:
    """Print the table, the failures with the ends of their logs, the counts; exit status."""
    if outcomes:
        print("\n" + table(outcomes))
    for outcome in outcomes:
        if outcome.status == "SKIP":
            print(f"\nSKIP {outcome.group} {outcome.case}: {outcome.reason}")
    failed = [o for o in outcomes if o.status == "FAIL"]
    for outcome in failed:
        print(f"\nFAIL {outcome.group} {outcome.case}: {outcome.reason}")
        if outcome.log and outcome.reason != NOT_RUN:
            print(tail(outcome.log, 40))
            print(f"    (the whole of it: {outcome.log})")
    passed = sum(o.count for o in outcomes if o.status == "PASS")
    skipped = sum(o.status == "SKIP" for o in outcomes)
    print(f"\n{passed} passed, {len(failed)} failed, {skipped} skipped", flush=True)
    return 1 if failed or not outcomes else 0
