#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The check of `tests/run rooms`, on small trees that each break one rule."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from vm import rooms  # noqa: E402  (the path comes first)

PAGE = """
     2   farm
     1   basic  mount

| room | what it holds | may include |
| --- | --- | --- |
| `basic/` | files | |
| `mount/` | mounts | `basic/` |
| `farm/` | the farm | `mount/` |
"""
GOOD = {
    "ARCHITECTURE.md": PAGE,
    "tools/lib/basic/files.h": "",
    "tools/lib/basic/files.cpp": '// A licence\n#include "basic/files.h"\n',
    "tools/lib/mount/plan.h": "",
    "tools/lib/mount/plan.cpp": '#include "mount/plan.h"\n',
    "tools/lib/farm/node.h": '#include "mount/plan.h"\n',
    "tools/lib/farm/node.cpp": '#include "farm/node.h"\n\n#include "basic/files.h"\n',
    "tools/lib/mount/plan_test.cpp": '#include "farm/node.h"\n',
}


class Rules(unittest.TestCase):
    def problems(self, **changes: str) -> list:
        """What is found in the good tree with some files written anew; __ in a name stands for /."""
        with tempfile.TemporaryDirectory() as folder:
            files = GOOD | {name.replace("__", "/").replace("_dot_", "."): text
                            for name, text in changes.items()}
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            (Path(folder) / "pam").mkdir()
            (Path(folder) / "jobstarter").mkdir()
            return rooms.problems(Path(folder))

    def one(self, words: str, **changes: str) -> None:
        found = self.problems(**changes)
        self.assertTrue(any(words in line for line in found), found)

    def test_a_good_tree(self) -> None:
        self.assertEqual(self.problems(), [])

    def test_an_include_upward(self) -> None:
        self.one("does not let tools/lib/mount include tools/lib/farm",
                 tools__lib__mount__plan_dot_cpp='#include "mount/plan.h"\n#include "farm/node.h"\n')

    def test_a_circle_of_units(self) -> None:
        self.one("include each other", tools__lib__farm__a_dot_h='#include "farm/b.h"\n',
                 tools__lib__farm__b_dot_h='#include "farm/a.h"\n')

    def test_a_source_without_its_header(self) -> None:
        self.one("extra.cpp has no extra.h", tools__lib__farm__extra_dot_cpp="")
        self.assertEqual(self.problems(
            tools__lib__farm__extra_dot_cpp="// No header of its own: node.h declares it.\n"), [])
        self.one("does not include its own header first",
                 tools__lib__farm__node_dot_cpp='#include "basic/files.h"\n#include "farm/node.h"\n')

    def test_a_picture_of_another_house(self) -> None:
        self.one("has farm on floor 3, the includes on 2",
                 ARCHITECTURE_dot_md=PAGE.replace("2   farm", "3   farm"))

    def test_a_folder_that_is_no_room(self) -> None:
        self.one("is in no room", tools__lib__cellar__wine_dot_h="")

    def test_a_library_that_links_upward(self) -> None:
        self.one("links farm, which is not in its row",
                 tools__lib__mount__CMakeLists_dot_txt="chos_room(mount\n  SOURCES plan.cpp\n  USES basic farm\n"
                                                       "  TESTS plan_test.cpp)\n")

    def test_a_table_with_a_circle(self) -> None:
        with self.assertRaises(rooms.Failure):
            self.problems(ARCHITECTURE_dot_md=PAGE.replace("| files | |", "| files | `farm/` |"))

    def test_a_page_without_a_table(self) -> None:
        with self.assertRaises(rooms.Failure):
            self.problems(ARCHITECTURE_dot_md="nothing")


if __name__ == "__main__":
    unittest.main()
