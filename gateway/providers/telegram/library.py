"""Importing aiogram in 0.6 s and 60 MiB instead of 2.8 s and 165 MiB.

aiogram declares its 400 types with pydantic's `defer_build`, which completes a type when it is first used; and then, at
the end of `aiogram/types/__init__.py`, completes them all. It must: the types name each other in annotations that only
the names at hand there resolve. So here those names are kept, and each type is completed with them at its first use.
A gateway uses a few dozen.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from pydantic import BaseModel

Names = dict[str, Any]

_lock = threading.Lock()


def load() -> None:
    """Import aiogram, to be called before anything else does. Later calls cost nothing, and so does one too late."""
    with _lock:
        if "aiogram" in sys.modules:
            return
        names: Names = {}
        with _rebuilding(_noted_in(names)):
            import aiogram.types
        from aiogram.methods.base import Response, TelegramMethod
        from aiogram.types.base import TelegramObject

        for root in (TelegramObject, TelegramMethod, Response):
            setattr(root, "model_rebuild", _completed_with(names))  # noqa: B010 - mypy takes no new method for a class
        # The one that holds most of the others, here, in a thread, instead of in the event loop with the first update.
        aiogram.types.Update.model_rebuild()


@contextmanager
def _rebuilding(rebuild: object) -> Iterator[None]:
    own = BaseModel.__dict__["model_rebuild"]
    setattr(BaseModel, "model_rebuild", rebuild)  # noqa: B010 - as above
    try:
        yield
    finally:
        setattr(BaseModel, "model_rebuild", own)  # noqa: B010 - as above


def _noted_in(names: Names) -> object:
    """`model_rebuild` that only keeps the names it is given, for aiogram's models, and is pydantic's for any other."""
    own = _function_of_pydantic()

    def model_rebuild(cls: type[BaseModel], /, **options: Any) -> bool | None:
        if not cls.__module__.startswith("aiogram."):
            return own(cls, **options)
        names.update(options.get("_types_namespace") or {})
        return None if cls.__pydantic_complete__ else False

    return classmethod(model_rebuild)


def _completed_with(names: Mapping[str, Any]) -> object:
    """`model_rebuild` that knows the names, whoever asks for it: pydantic itself at the first use of a model."""
    own = _function_of_pydantic()

    def model_rebuild(cls: type[BaseModel], /, **options: Any) -> bool | None:
        given = options.get("_types_namespace")
        return own(cls, **(options | {"_types_namespace": names if given is None else given}))

    return classmethod(model_rebuild)


def _function_of_pydantic() -> Callable[..., bool | None]:
    return cast(Callable[..., "bool | None"], BaseModel.model_rebuild.__func__)  # type: ignore[attr-defined]  # of a classmethod
