"""Test-only: makes an unmodified program that uses neonize take the simulator for WhatsApp.

Python imports a module of this name by itself when its folder is on PYTHONPATH. Nothing happens unless
SIMULATED_WHATSAPP_KEY is set. Then, as soon as neonize has loaded its Go library, the root key that connections are
checked against is replaced in memory by that key (64 hexadecimal digits); no file is changed. If there is not exactly
one place that looks like the key, neonize cannot be imported at all: a test must never reach the real WhatsApp.
"""

from __future__ import annotations

import os
import sys

_KEY = os.environ.get("SIMULATED_WHATSAPP_KEY")
_LOADER = "neonize._binder"

if _KEY:
    import ctypes
    import importlib.abc
    import importlib.machinery
    import importlib.util
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    # WACertPubKey of whatsmeow, the public key of WhatsApp's certificate authority for Noise handshakes.
    _REAL = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
    _OURS = bytes.fromhex(_KEY)

    def _replace_key() -> None:
        """Look through the writable memory of the library: a Go variable lives there."""
        found = []
        for line in Path("/proc/self/maps").read_text().splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and "neonize-" in fields[5] and fields[1].startswith("rw"):
                start, end = (int(number, 16) for number in fields[0].split("-"))
                memory = ctypes.string_at(start, end - start)
                place = memory.find(_REAL)
                while place >= 0:
                    found.append(start + place)
                    place = memory.find(_REAL, place + 1)
        if len(found) != 1 or len(_OURS) != len(_REAL):
            raise ImportError(
                f"WhatsApp's key was found {len(found)} times in neonize's library and not once; this neonize cannot "
                "be pointed at the simulator. Look for WACertPubKey in its version of whatsmeow."
            )
        ctypes.memmove(found[0], _OURS, len(_OURS))

    class _Watcher(importlib.abc.MetaPathFinder):
        """Waits for the module that loads the library, and steps aside."""

        def find_spec(
            self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
        ) -> importlib.machinery.ModuleSpec | None:
            if name != _LOADER:
                return None
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.loader is not None
            load = spec.loader.exec_module

            def load_and_replace(module: ModuleType) -> None:
                load(module)
                _replace_key()

            spec.loader.exec_module = load_and_replace  # type: ignore[method-assign]  # this one module is loaded once
            return spec

    sys.meta_path.insert(0, _Watcher())
