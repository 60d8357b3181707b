"""The Bot API's methods, a file for each kind of errand; importing this package registers them all."""

from __future__ import annotations

from tests.simulators.telegram.methods import albums, chats, editing, feedback, files, identity, receiving, sending
from tests.simulators.telegram.methods.registry import Call, lookup

__all__ = ["Call", "albums", "chats", "editing", "feedback", "files", "identity", "lookup", "receiving", "sending"]
