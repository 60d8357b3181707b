"""aiogram, imported without completing types that nobody uses."""

from __future__ import annotations

import subprocess
import sys

from aiogram.types import TelegramObject
from pydantic import BaseModel

from gateway.providers.telegram import library

LOADED = """
from gateway.providers.telegram import library
library.load()
import aiogram.methods, aiogram.types
models = [
    model
    for module in (aiogram.types, aiogram.methods)
    for model in map(vars(module).get, module.__all__)
    if hasattr(model, "model_rebuild")
]
"""

FEW = """
types = [model for model in models if model.__module__.startswith("aiogram.types.")]
assert len(types) > 300
complete = [model.__name__ for model in types if model.__pydantic_complete__]
assert "Update" in complete
assert len(complete) < len(types) / 4, complete
"""

FIRST_USE = """
for model in models:
    if not model.__pydantic_complete__:
        # What validating, serializing or nesting does first; nobody has called `model_rebuild` on it.
        model.__pydantic_validator__.title
        assert model.__pydantic_complete__, model
answer = aiogram.methods.Response[list[aiogram.types.ChatMemberOwner]]
told = {"ok": True, "result": [{"status": "creator", "user": {"id": 1, "is_bot": False, "first_name": "A"}}]}
assert answer.model_validate({**told, "result": [{**told["result"][0], "is_anonymous": False}]}).result[0].user.id == 1
"""

OTHERS = """
from pydantic import BaseModel
assert BaseModel.model_rebuild.__func__.__module__ == "pydantic.main"
class Later(BaseModel):
    one: "One"
class One(BaseModel):
    pass
assert Later.model_rebuild()
"""


def test_few_types_are_completed_when_it_is_loaded_and_every_other_by_its_first_use() -> None:
    # In a process of its own: here, some of them are in use already.
    ended = subprocess.run(
        [sys.executable, "-c", LOADED + FEW + OTHERS + FIRST_USE], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_loaded_again_or_too_late_it_changes_nothing() -> None:
    before = TelegramObject.model_rebuild, BaseModel.model_rebuild
    library.load()
    assert (TelegramObject.model_rebuild, BaseModel.model_rebuild) == before
