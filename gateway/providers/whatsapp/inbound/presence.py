"""Who is there and who is writing (neonize's events 19 and 20). Pure. Told while watched, and never told twice."""

from __future__ import annotations

from neonize.proto.Neonize_pb2 import ChatPresence, Presence

from gateway.domain.events import PresenceChanged
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context, Converted
from gateway.providers.whatsapp.inbound.source import source_of
from gateway.providers.whatsapp.jids import address_of, is_group


def writing(news: ChatPresence, context: Context) -> Converted:
    """Somebody types, records or stopped, in a chat."""
    source = source_of(news.MessageSource, context)
    if source.from_me or not source.sender.address:
        return ()
    if news.State == ChatPresence.PAUSED:
        presence = "paused"
    else:
        presence = "recording" if news.Media == ChatPresence.AUDIO else "typing"
    return (
        PresenceChanged(
            instance_id=context.instance_id,
            at=context.now,
            person=source.sender,
            presence=presence,
            chat=source.chat,
        ),
    )


def present(news: Presence, context: Context) -> Converted:
    """Somebody came or went."""
    address = address_of(news.From)
    if address is None or context.is_me(address) or is_group(address):
        return ()
    # Go's zero time, for people who hide when they were last seen, is far before 1970.
    seen = context.at(news.LastSeen) if news.LastSeen > 0 else None
    return (
        PresenceChanged(
            instance_id=context.instance_id,
            at=context.now,
            person=who.person(context, address),
            presence="unavailable" if news.Unavailable else "available",
            last_seen_at=seen,
        ),
    )
