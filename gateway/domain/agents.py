"""Agents: programs that answer for an instance. What the gateway and an agent call the same."""

from __future__ import annotations

import hashlib

from gateway.domain.ids import Address

_PHONE, _PHONE_OF_OLD = "@s.whatsapp.net", "@c.us"


def session_id_of(agent_id: str, chat: Address) -> str:
    """Under which session an agent remembers a chat: always the same, so that it goes on where it left off.

    The Instance Manager's rule: the SHA-256 of `session:<agent>:<chat>`, or of `session:<chat>` without an agent, in
    the shape of a UUID of version 4. It knew people on WhatsApp as `...@c.us`, so that is what is hashed.
    """
    known_as = chat.removesuffix(_PHONE) + _PHONE_OF_OLD if chat.endswith(_PHONE) else chat
    parts = ("session", agent_id, known_as) if agent_id else ("session", known_as)
    digits = hashlib.sha256(":".join(parts).encode()).hexdigest()
    variant = f"{int(digits[16], 16) & 3 | 8:x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
