"""People and chats of an event, each under both of WhatsApp's names as far as they are known. Pure."""

from __future__ import annotations

from gateway.domain.ids import Address
from gateway.domain.messages import Chat, ChatKind, Person
from gateway.providers.whatsapp.context import Context
from gateway.providers.whatsapp.jids import is_lid, is_phone, kind_of


def person(context: Context, *addresses: Address | None, name: str = "") -> Person:
    """Somebody, named by any of the addresses the network told for them.

    The phone number's address is the canonical one where it is known. With no address at all the person is nobody,
    whose address is empty.
    """
    known = [address for address in addresses if address]
    pn, lid = _both(context, known)
    address = pn or lid or (known[0] if known else Address(""))
    return Person(
        address=address,
        name=name if name != "-" else "",  # WhatsApp's word for a person without a name
        phone=pn.partition("@")[0] if pn else None,
        pn=pn,
        lid=lid,
        is_bot=address.endswith("@bot"),
    )


def me(context: Context, name: str = "") -> Person:
    """The account itself."""
    return person(context, context.pn, context.lid, name=name)


def chat(context: Context, *addresses: Address | None, title: str = "") -> Chat:
    """A conversation, named by any of the addresses the network told for it; a private one has the other person's."""
    known = [address for address in addresses if address]
    first = known[0] if known else Address("")
    if kind_of(first) is not ChatKind.PRIVATE:
        return Chat(address=first, kind=kind_of(first), title=title)
    other = person(context, *known, name=title)
    return Chat(address=other.address, kind=ChatKind.PRIVATE, title=other.name, pn=other.pn, lid=other.lid)


def canonical(context: Context, address: Address) -> Address:
    """The one address of a person or chat: the phone number's where it is known."""
    return (context.pn_of(address) or address) if is_lid(address) else address


def _both(context: Context, known: list[Address]) -> tuple[Address | None, Address | None]:
    pn = next((address for address in known if is_phone(address)), None)
    lid = next((address for address in known if is_lid(address)), None)
    if pn is None and lid is not None:
        pn = context.pn_of(lid)
    elif lid is None and pn is not None:
        lid = context.lid_of(pn)
    return pn, lid
