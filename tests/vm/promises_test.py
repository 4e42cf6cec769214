# SPDX-License-Identifier: BSD-3-Clause
"""Tests of the check of SECURITY.md."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from vm import promises  # noqa: E402

PAGE = """## Promises

| promise | held by |
| --- | --- |
| Nobody enters. | `Door.IsShut` `enter_*` |
| Nothing leaves. | {} |

## Not promised
"""
KNOWN = {"Door.IsShut", "enter_by_name", "tests/run fuzz"}


class Promises(unittest.TestCase):
    def test_each_names_a_test(self):
        self.assertEqual(promises.problems(PAGE.format("`tests/run fuzz`"), KNOWN), [])
        self.assertEqual(promises.problems(PAGE.format("a colleague"), KNOWN),
                         ["SECURITY.md names no test of: Nothing leaves."])

    def test_that_exists(self):
        for name in ("Door.IsOpen", "leave_*", "tests/run x"):
            self.assertEqual(promises.problems(PAGE.format(f"`{name}`"), KNOWN),
                             [f"SECURITY.md names {name}, and there is no such test"])

    def test_a_page_without_a_table(self):
        self.assertEqual(promises.problems("## Promises\n", KNOWN), ["SECURITY.md has no table of promises"])


if __name__ == "__main__":
    unittest.main()
