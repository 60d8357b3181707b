"""neonize is imported without its side effects; in a process of its own each time, because it is imported once."""

from __future__ import annotations

import subprocess
import sys

_LOOK = """
import logging, sys
before = (logging.getLogger().level, list(logging.getLogger().handlers))
{beforehand}
from gateway.providers.whatsapp import library
module = library.load()
assert module.NewAClient
assert (logging.getLogger().level, list(logging.getLogger().handlers)) == before
{afterwards}
"""


def _run(beforehand: str = "", afterwards: str = "") -> None:
    program = _LOOK.format(beforehand=beforehand, afterwards=afterwards)
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_it_leaves_logging_and_stdout_alone() -> None:
    _run()


def test_a_machine_without_libmagic_will_do() -> None:
    png = repr(b"\x89PNG\r\n\x1a\n" + bytes(16))
    _run("sys.modules['magic'] = None", f"import magic; assert magic.from_buffer({png}, mime=True) == 'image/png'")
