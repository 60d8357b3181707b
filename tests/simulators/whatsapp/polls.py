"""Votes in polls: sealed with a secret that came with the poll, so that only those who have the poll can read them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import PollVoteMessage

from tests.simulators.whatsapp.curve import hkdf
from tests.simulators.whatsapp.jid import JID

_POLLS = ("pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3")


def seal_vote(secret: bytes, poll_id: str, author: JID, voter: JID, options: Sequence[str]) -> tuple[bytes, bytes]:
    """The sealed vote and its nonce."""
    vote = PollVoteMessage(selectedOptions=[hashlib.sha256(option.encode()).digest() for option in options])
    iv = os.urandom(12)
    cipher = AESGCM(_key(secret, poll_id, author, voter))
    return cipher.encrypt(iv, vote.SerializeToString(), _bound_to(poll_id, voter)), iv


def open_vote(poll: Any, poll_id: str, authors: Sequence[JID], voters: Sequence[JID], vote: Any) -> list[str] | None:
    """The chosen options; authors and voters are the addresses that may have been used. None if none of them fits."""
    secret = poll.messageContextInfo.messageSecret
    names = {hashlib.sha256(name.encode()).digest(): name for name in options_of(poll)}
    for author in authors:
        for voter in voters:
            try:
                cipher = AESGCM(_key(secret, poll_id, author, voter))
                opened = cipher.decrypt(vote.encIV, vote.encPayload, _bound_to(poll_id, voter))
            except InvalidTag:
                continue
            return [names.get(each, each.hex()) for each in PollVoteMessage.FromString(opened).selectedOptions]
    return None


def options_of(message: Any) -> list[str]:
    """The options of a poll; empty when the message is none."""
    for name in _POLLS:
        if message.HasField(name):
            return [option.optionName for option in getattr(message, name).options]
    return []


def _key(secret: bytes, poll_id: str, author: JID, voter: JID) -> bytes:
    return hkdf(secret, 32, info=f"{poll_id}{author}{voter}Poll Vote".encode())


def _bound_to(poll_id: str, voter: JID) -> bytes:
    return f"{poll_id}\0{voter}".encode()
