"""Where a message was said and by whom, read from whatsmeow's MessageSource. Pure.

A private chat is named by the other person: that is the sender of what comes in, with `SenderAlt` as their second name,
and the recipient of what the own phone sent, with `RecipientAlt`.
"""

from __future__ import annotations

from msgspec import Struct
from neonize.proto.Neonize_pb2 import MessageSource

from gateway.domain.messages import Chat, ChatKind, Person
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context
from gateway.providers.whatsapp.jids import BROADCAST, STATUS, address_of, is_newsletter, kind_of


class Source(Struct, frozen=True, kw_only=True):
    """A place and a speaker."""

    chat: Chat
    sender: Person
    from_me: bool
    key: str
    """Both as the network named them, for dedupe keys: what is known about a person may change, these do not."""


def source_of(source: MessageSource, context: Context, *, name: str = "") -> Source:
    """Read a source. `name` is the sender's own name for themselves."""
    chat, sender, other = address_of(source.Chat), address_of(source.Sender), address_of(source.SenderAlt)
    from_me = source.IsFromMe or context.is_me(sender)
    key = f"{chat or ''}:{sender or ''}"
    if chat is not None and chat.endswith(f"@{BROADCAST}") and chat != STATUS and not from_me:
        chat = sender  # somebody's broadcast list reaches each reader in the private chat with the writer
    if chat is None:
        chat = sender or other
    if chat is not None and kind_of(chat) is not ChatKind.PRIVATE:
        if is_newsletter(chat):
            speaker = who.person(context, chat, name=name)
        else:
            speaker = who.me(context, name) if from_me else who.person(context, sender, other, name=name)
        return Source(chat=who.chat(context, chat), sender=speaker, from_me=from_me, key=key)
    if from_me:
        place = who.chat(context, chat, address_of(source.RecipientAlt))
        return Source(chat=place, sender=who.me(context, name), from_me=True, key=key)
    return Source(
        chat=who.chat(context, chat, other, title=name),
        sender=who.person(context, sender, other, name=name),
        from_me=False,
        key=key,
    )
