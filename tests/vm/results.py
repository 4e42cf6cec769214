# SPDX-License-Identifier: BSD-3-Clause
"""The outcomes of cases, and the report.

Others make Outcomes and call one_line() and report(); nothing here raises.
"""

from dataclasses import dataclass
from pathlib import Path

from .progress import tail


NOT_RUN = "not run"


@dataclass
class Outcome:
    """The outcome of a case."""

    group: str  # the kernel; for tests without one, the part of tests/run: "unit", "check", "fuzz" ...
    case: str
    status: str  # PASS, FAIL or SKIP
    seconds: float = 0.0
    reason: str = ""
    log: Path = None
    count: int = 1  # the number of tests that it stands for


def one_line(outcome: Outcome) -> str:
    """The progress line for an outcome."""
    text = f"{outcome.status}  {outcome.group:7} {outcome.case}"
    if outcome.status == "PASS":
        return f"{text}  {outcome.seconds:.1f} s"
    return f"{text}  {outcome.reason}"


def table(outcomes: list) -> str:
    """The table of all outcomes, with a row for each case and a column for each group."""
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
    """Print the table, the failures with the ends of their logs, and the counts.

    Returns the exit status: 0 if there are outcomes and none is a failure, else 1.
    """
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
            print(f"    (complete log: {outcome.log})")
    passed = sum(o.count for o in outcomes if o.status == "PASS")
    skipped = sum(o.status == "SKIP" for o in outcomes)
    print(f"\n{passed} passed, {len(failed)} failed, {skipped} skipped", flush=True)
    return 1 if failed or not outcomes else 0
