"""What only the instance's owner may care about, as lines of its journal: blocked people, new encryption keys. Pure."""

from __future__ import annotations

from neonize.proto.Neonize_pb2 import BlocklistChange, BlocklistEvent, IdentityChange

from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context, Converted, Note
from gateway.providers.whatsapp.jids import address_of


def blocklist(news: BlocklistEvent, context: Context) -> Converted:
    """People were blocked or let in again, on the phone or elsewhere (event 30)."""
    if not news.Changes:
        return (Note("The block list changed."),)
    return tuple(note for change in news.Changes for note in block_change(change, context))


def block_change(news: BlocklistChange, context: Context) -> Converted:
    """One person was blocked or let in again (event 31)."""
    verb = "blocked" if news.BlockAction == BlocklistChange.BLOCK else "unblocked"
    return (Note(f"{who.person(context, address_of(news.JID)).address or 'Somebody'} was {verb}."),)


def identity_change(news: IdentityChange, context: Context) -> Converted:
    """Somebody has new keys: WhatsApp was installed again, or on another phone (event 24)."""
    person = who.person(context, address_of(news.JID))
    return (Note(f"{person.address or 'Somebody'} has a new encryption key; usually a new phone."),)
