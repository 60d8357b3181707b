"""Troubles that tests order: each happens a number of times, or until it is cleared, to one account or to all.

refuse_connect     the proxy answers CONNECT with 503: nobody gets through to WhatsApp
refuse_login       `<failure reason=code>` (and attrs): 401, 402 (temporary ban), 405 (outdated), 503
refuse_message     a message is acknowledged with an error `code`: 463 (reach-out lock), 479, ...
slow_ack           a message is relayed at once, its ack comes `seconds` late
lose_ack           a message is relayed, its ack never comes
lose_message       a message disappears: neither relayed nor acknowledged
drop_before_relay  the connection breaks before a message is relayed
drop_before_ack    the connection breaks after a message was relayed, before its ack
drop_after_ack     the connection breaks right after the ack
refuse_iq          requests (of one namespace, `xmlns`) are refused with `code`
slow_iq            ... are answered `seconds` late
lose_iq            ... are never answered
damage             a phone's message arrives with a broken MAC, so that the client asks for it again
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

KINDS = frozenset(
    {
        "refuse_connect",
        "refuse_login",
        "refuse_message",
        "slow_ack",
        "lose_ack",
        "lose_message",
        "drop_before_relay",
        "drop_before_ack",
        "drop_after_ack",
        "refuse_iq",
        "slow_iq",
        "lose_iq",
        "damage",
    }
)


class Fault(msgspec.Struct, kw_only=True):
    """One trouble. `times` is None for ever; `phone` None for everybody; `seconds` is a delay."""

    kind: str
    phone: str | None = None
    times: int | None = 1
    code: int = 0
    seconds: float = 0.0
    xmlns: str = ""
    attrs: Mapping[str, str] = {}


class Faults:
    """What is ordered and has not happened yet."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ValueError(f"there is no fault {fault.kind!r}; there are {', '.join(sorted(KINDS))}")
        self._ordered.append(fault)

    def clear(self, kind: str | None = None) -> None:
        """Call off the faults of a kind, or all."""
        self._ordered = [fault for fault in self._ordered if kind is not None and fault.kind != kind]

    def take(self, kind: str, phone: str | None = None, xmlns: str = "") -> Fault | None:
        """The trouble that befalls this account now, if one was ordered; counts as having happened."""
        for fault in self._ordered:
            if fault.kind == kind and fault.phone in (None, phone) and fault.xmlns in ("", xmlns):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._ordered.remove(fault)
                return fault
        return None
