"""What is done to a message that exists: edited, taken back, reacted to, marked as read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from neonize.proto.waCommon import WACommon_pb2 as common
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import Content, MessageKey, Text, TextFormat
from gateway.providers.whatsapp.jids import STATUS, is_group, is_newsletter, normalise, to_jid
from gateway.providers.whatsapp.outbound.compose import words_to_send
from gateway.providers.whatsapp.refusals import refusals

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient


async def edit(client: NewAClient, key: MessageKey, text: str, text_format: TextFormat) -> Content:
    """Replace the words of a message we sent. WhatsApp takes an edit for 15 minutes."""
    if not key.from_me:
        raise InvalidInput("Only messages this account sent can be edited.", field="messageId")
    words = words_to_send(text, text_format)
    if not words.strip():
        raise InvalidInput("A message needs words.", field="message")
    jid = to_jid(key.chat)
    with refusals("take the edit"):
        await client.edit_message(jid, key.network_id, wa.Message(conversation=words))
    return Text(text=words)


async def delete(client: NewAClient, key: MessageKey) -> None:
    """Take a message back for everyone: an own one, or as a group's administrator somebody else's."""
    if not key.from_me and not is_group(key.chat):
        raise InvalidInput("Only messages this account sent can be deleted in this chat.", field="messageId")
    revoke = wa.Message(protocolMessage=wa.ProtocolMessage(type=wa.ProtocolMessage.REVOKE, key=_key(key)))
    with refusals("take the message back"):
        await client.send_message(to_jid(key.chat), revoke)


async def react(client: NewAClient, key: MessageKey, emoji: str | None) -> None:
    """Set our reaction; None withdraws it, which WhatsApp says with an empty one."""
    reaction = wa.ReactionMessage(key=_key(key), text=emoji or "", senderTimestampMS=int(time.time() * 1000))
    with refusals("take the reaction"):
        await client.send_message(to_jid(key.chat), wa.Message(reactionMessage=reaction))


async def mark_read(client: NewAClient, keys: Sequence[MessageKey]) -> None:
    """Tell the senders. In a group each sender is told about their own messages."""
    from neonize.utils.enum import ReceiptType

    by_sender: dict[tuple[Address, Address], list[str]] = {}
    for key in keys:
        if not key.from_me:
            chat = normalise(key.chat)
            sender = normalise(key.sender) if key.sender else chat
            by_sender.setdefault((chat, sender), []).append(key.network_id)
    for (chat, sender), ids in by_sender.items():
        if is_newsletter(chat):
            with refusals("mark the messages as seen"):
                await client.newsletter_mark_viewed(to_jid(chat), [int(each) for each in ids])
            continue
        with refusals("mark the messages as read"):
            await client.mark_read(*ids, chat=to_jid(chat), sender=to_jid(sender), receipt=ReceiptType.READ)


def _key(key: MessageKey) -> common.MessageKey:
    chat = normalise(key.chat)
    made = common.MessageKey(remoteJID=chat, fromMe=key.from_me, ID=key.network_id)
    if not key.from_me and key.sender and (is_group(chat) or chat == STATUS):
        made.participant = key.sender
    return made
