"""stdout belongs to Python's own lines; what libraries write to the descriptor goes nowhere."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, sys
from gateway.kit.stdio import keep_stdout_to_ourselves
print("before")
keep_stdout_to_ourselves()
os.write(1, b"a library\\n")
os.system("echo a child of it")
print("after \\udc80 \u00e4")
os.write(2, b"a crash\\n")
"""


def test_only_our_own_lines_reach_stdout_and_stderr_is_left_alone() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, timeout=60, check=True)
    assert ended.stdout.decode() == "before\nafter \\udc80 ä\n"
    assert ended.stderr == b"a crash\n"
