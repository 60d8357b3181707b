"""Importing neonize without its side effects. The first import loads some 18 MB of Go and takes about half a second."""

from __future__ import annotations

import functools
import gc
import importlib
import logging
import subprocess
import sys
import threading
import warnings
from types import ModuleType
from typing import Any, cast

from gateway.kit.sniff import sniff_mime_type

_lock = threading.Lock()


def load() -> ModuleType:
    """The module with neonize's asyncio client; leaves the process's logging alone.

    The first call blocks for half a second, so make it in a thread; later ones cost nothing.
    """
    with _lock:
        return _import()


@functools.cache
def _import() -> ModuleType:
    _stand_in_for_libmagic()
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    with warnings.catch_warnings():
        # It asks `uname` through a pipe that it never closes; collected here, it warns nobody later.
        warnings.simplefilter("ignore", ResourceWarning)
        from neonize.aioze import client

        gc.collect()
        subprocess._cleanup()  # type: ignore[attr-defined]  # noqa: SLF001 - else it warns when the next process starts
    # It calls logging.basicConfig when it is imported, which would print its lines among ours.
    root.setLevel(level)
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
    return cast(ModuleType, client)


def _stand_in_for_libmagic() -> None:
    """Let neonize be imported on a machine without libmagic, a system library that pip cannot install.

    neonize imports python-magic, which refuses to be imported then. Nothing of ours reaches the places where neonize
    would use it, so the import is all that is needed; should anything get there after all, our own sniffing answers.
    """
    try:
        importlib.import_module("magic")
    except ImportError:
        stand_in = ModuleType("magic", "Stands in for python-magic where libmagic is missing.")
        setattr(stand_in, "from_buffer", lambda data, **_: sniff_mime_type(bytes(data)))  # noqa: B010 - for mypy, modules are closed
        sys.modules["magic"] = stand_in


def go() -> Any:
    """The Go library itself. Only `link` and its facade may call it."""
    from neonize._binder import gocode

    return gocode


def device_props(name: str) -> bytes:
    """How this device introduces itself to the phone that links it. Call after `load`."""
    from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps

    return bytes(DeviceProps(os=name, platformType=DeviceProps.DESKTOP).SerializeToString())
