"""Giving memory back: what was needed for a moment must not stay with the process for good."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_M_MMAP_THRESHOLD = -3  # malloc.h of the GNU C library
_LARGE = 1024 * 1024


def return_large_blocks() -> None:
    """Let every block of a megabyte or more go back to the system when it is freed. Call it once, at the start.

    The GNU C library learns from the first large block it frees to keep such blocks, in each thread by itself: one
    password hash (19 MiB) leaves 20 MB behind in every thread that ever computes one, and so does each large file.
    Other C libraries do not do that and are left alone.
    """
    if not sys.platform.startswith("linux"):
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE)


def give_back() -> None:
    """Free what only circles of objects hold, and let the C library return its free pages to the system, where it can.

    It takes a moment during which nothing else runs.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)


@contextmanager
def loading_for_good() -> Iterator[None]:
    """Around the imports of a program that keeps what it imports: the garbage collector does not look at it, now or
    later. It would do so again and again while there is more and more of it, and find nothing.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
