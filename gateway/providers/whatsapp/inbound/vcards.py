"""What a contact's vCard says: a name and a number, and who that is on WhatsApp. Pure.

Phones write vCard 3.0 (RFC 2426); a number of somebody on WhatsApp has the parameter `waid` with the digits of it.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from gateway.domain.ids import Address
from gateway.providers.whatsapp.jids import PHONE

_WAID: Final = re.compile(r"waid=(\d{5,15})(?!\d)", re.IGNORECASE | re.ASCII)
_ESCAPED: Final = re.compile(r"\\([,;\\])")


class Card(Struct, frozen=True, kw_only=True):
    """One person's card. Everything may be empty; people's phones write odd things."""

    name: str = ""
    phone: str = ""
    address: Address | None = None


def read(vcard: str) -> Card:
    """The first name and number of a card; of two numbers the one that is on WhatsApp."""
    name = formal = phone = ""
    address: Address | None = None
    for line in vcard.replace("\r\n ", "").replace("\n ", "").splitlines():
        head, colon, value = line.partition(":")
        if not colon:
            continue
        kind = head.partition(";")[0].rpartition(".")[2].upper()  # `item1.TEL` groups lines
        if kind == "FN" and not name:
            name = _ESCAPED.sub(r"\1", value).strip()
        elif kind == "N" and not formal:
            family, _, given = value.partition(";")
            formal = " ".join(filter(None, (given.partition(";")[0].strip(), family.strip())))
        elif kind == "TEL" and address is None:
            if found := _WAID.search(head):
                address = Address(f"{found[1]}@{PHONE}")
                phone = value.strip() or f"+{found[1]}"
            phone = phone or value.strip()
    return Card(name=name or formal, phone=phone, address=address)
