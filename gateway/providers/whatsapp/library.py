"""Importing neonize without its side effects. The first import loads some 18 MB of Go and takes about half a second."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from types import ModuleType
from typing import Any

from gateway.kit.sniff import sniff_mime_type

_lock = threading.Lock()


def load() -> ModuleType:
    """The module with neonize's asyncio client. Blocks, so call it in a thread; leaves the process's logging alone."""
    with _lock:
        _stand_in_for_libmagic()
        root = logging.getLogger()
        level, handlers = root.level, list(root.handlers)
        from neonize.aioze import client

        # It calls logging.basicConfig when it is imported, which would print its lines among ours.
        root.setLevel(level)
        for handler in [each for each in root.handlers if each not in handlers]:
            root.removeHandler(handler)
        return client


def _stand_in_for_libmagic() -> None:
    """neonize imports python-magic, which refuses to be imported on a machine without libmagic, a system library that
    pip cannot install. Nothing of ours reaches the places where neonize would use it, so the import is all that is
    needed; and should anything get there after all, it is answered by our own sniffing.
    """
    try:
        importlib.import_module("magic")
    except ImportError:
        stand_in = ModuleType("magic", "Stands in for python-magic where libmagic is missing.")
        stand_in.from_buffer = lambda data, mime=True: sniff_mime_type(bytes(data))  # type: ignore[attr-defined]  # a module is open
        sys.modules["magic"] = stand_in


def go() -> Any:
    """The Go library itself. Only `link` and its facade may call it."""
    from neonize._binder import gocode

    return gocode


def device_props(name: str) -> bytes:
    """How this device introduces itself to the phone that links it. Call after `load`."""
    from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps

    return DeviceProps(os=name, platformType=DeviceProps.DESKTOP).SerializeToString()
