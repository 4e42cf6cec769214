#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Which of a kernel's reports concern the module, on excerpts from consoles."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from vm import kernel_reports  # noqa: E402  (the path comes first)


def console(*lines: str) -> str:
    """Lines of the kernel, as a console shows them."""
    return "".join(f"[   12.{number:06d}] {line}\n" for number, line in enumerate(lines))


RULE = "=" * 66
KASAN = (RULE, "BUG: KASAN: slab-use-after-free in link_get+0x15/0x80 [chos]",
         "Read of size 1 at addr ffff888003c4b708 by task chos-guest/99", "", "Call Trace:", " <TASK>",
         " dump_stack_lvl+0x5b/0x77", " link_get+0x15/0x80 [chos]", " </TASK>", RULE)
LOCKDEP = (RULE, "WARNING: possible circular locking dependency detected", "6.1.192 #1 Tainted: G           O",
           "-" * 54, "chos-guest/99 is trying to acquire lock:", "stack backtrace:", "Call Trace:", " <TASK>",
           " __mutex_lock+0x9e/0xd60", " chos_allow_replace+0x5a/0x150 [chos]", " </TASK>")
FOREIGN = ("------------[ cut here ]------------", "WARNING: CPU: 1 PID: 7 at mm/page_alloc.c:4 get_page+0x1/0x2",
           "Modules linked in: chos(O)", "RIP: 0010:get_page+0x1/0x2", "R10: ffffffffc0123456 R11: 0000000000000000",
           "Call Trace:", " do_fork+0x1/0x2", "---[ end trace 0000000000000000 ]---")


class Reports(unittest.TestCase):

    def test_a_function_of_the_module_in_the_title(self):
        self.assertEqual(kernel_reports.ours(console(*KASAN)), [KASAN[1]])

    def test_a_function_of_the_module_in_a_stack(self):
        self.assertEqual(kernel_reports.ours(console(*LOCKDEP)), [LOCKDEP[1]])

    def test_an_unloaded_module_has_no_names(self):
        text = console("BUG: sleeping function called from invalid context at kernel/x.c:1", "Call Trace:",
                       " 0xffffffffa0001234", " do_exit+0x1/0x2")
        self.assertEqual(len(kernel_reports.ours(text)), 1)

    def test_another_part_of_the_kernel(self):
        self.assertEqual(kernel_reports.ours(console(*FOREIGN)), [])
        self.assertEqual(kernel_reports.foreign(console(*FOREIGN)), [FOREIGN[1]])

    def test_each_report_ends_before_the_next_one(self):
        text = console(*FOREIGN, *KASAN, *FOREIGN, " chos_later+0x1/0x2 [chos]")
        self.assertEqual([report.ours for report in kernel_reports.find(text)], [False, True, False])

    def test_every_detector(self):
        for title in ("BUG: KCSAN: data-race in chos_a+0x1/0x2 [chos] / chos_b+0x1/0x2 [chos]",
                      "UBSAN: shift-out-of-bounds in /x/kmod/os.c:1:2", "BUG: scheduling while atomic: chos-guest/9",
                      "BUG: kernel NULL pointer dereference, address: 0000000000000000",
                      "WARNING: suspicious RCU usage", "refcount_t: underflow; use-after-free.",
                      "BUG kmalloc-64 (Tainted: G           O): Objects remaining in slab",
                      "list_del corruption, ffff888 is NULL", "INFO: task chos-guest:99 blocked for more than 120 s",
                      "general protection fault, probably for non-canonical address"):
            text = console(title, "Call Trace:", " f+0x1/0x2 [chos]")
            self.assertEqual(kernel_reports.ours(text), [title])

    def test_what_is_no_report(self):
        self.assertEqual(kernel_reports.find(console("chos: version 1.0.0, farm /chos, fork tracking on",
                                                     "kmemleak: 3 new suspected memory leaks")), [])
        self.assertEqual(kernel_reports.find("  BUG: said by a case about [chos]\n"), [])


if __name__ == "__main__":
    unittest.main()
