"""Messages as they arrive (neonize's event 17) as domain events. Pure: a protobuf in, a tuple of events and notes out.

Messages are unique by (instance, chat, network id), so a second copy stops at the store; edits, revokes, reactions and
votes arrive as messages with an id of their own and carry a dedupe key made of it. In a channel a message is known by
its number there, which is what reading, reacting and editing ask for.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from neonize.proto.Neonize_pb2 import Message as Arrived
from neonize.proto.Neonize_pb2 import MessageInfo, UndecryptableMessage
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message as Protobuf
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import PollVoteMessage, ProtocolMessage

from gateway.domain.events import (
    MessageDeleted,
    MessageEdited,
    MessageReacted,
    MessageReceived,
    MessageSent,
    PollAnswered,
)
from gateway.domain.messages import Content, Message, Unknown
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context, Converted, Note
from gateway.providers.whatsapp.inbound.content import content_of
from gateway.providers.whatsapp.inbound.source import Source, source_of
from gateway.providers.whatsapp.inbound.unwrap import Inside, context_of, inside
from gateway.providers.whatsapp.jids import address_of_text, is_newsletter

_PEER: Final = "peer"
"""The category of what the account's devices tell each other."""
_REVOKED: Final = frozenset({"7", "8"})
"""`edit` of a stanza that takes a message back, by its sender or an administrator (whatsmeow: EditAttribute)."""


def events_of(arrived: Arrived, context: Context, *, vote: PollVoteMessage | None = None) -> Converted:
    """The events a message tells; empty for what devices tell each other.

    A poll vote is encrypted once more: hand over `vote`, decrypted, when `needs_decryption` says so.
    """
    info = arrived.Info
    if info.Category == _PEER:
        return ()
    source = source_of(info.MessageSource, context, name=name_of(info))
    within = inside(arrived.Message)
    at = context.at(info.Timestamp / 1000)
    if is_newsletter(source.chat.address):
        if info.Edit in _REVOKED:
            return (_deleted(context, source, at, network_id_of(info), f"revoke:{source.key}:{info.ID}"),)
        if arrived.NewsLetterMeta.EditTS > 0:
            edited_at = context.at(arrived.NewsLetterMeta.EditTS)
            key = f"edit:{source.key}:{info.ID}:{arrived.NewsLetterMeta.EditTS}"
            return (_edited(context, source, edited_at, network_id_of(info), within, key),)
    match within.field:
        case "protocolMessage":
            return _protocol(within.message.protocolMessage, info, source, context, at)
        case "reactionMessage":
            return (_reacted(within, info, source, context, at),)
        case "pollUpdateMessage":
            return _voted(within, info, source, context, at, vote)
        case "" if arrived.Message.ListFields():
            return ()  # nothing but keys and settings
        case _ if within.edited:
            key = f"edit:{source.key}:{info.ID}"
            return (_edited(context, source, at, network_id_of(info), within, key),)
        case _:
            network_id = network_id_of(info)
            return (said(context, message_of(within, network_id, source, context, at)),)


def needs_decryption(arrived: Arrived) -> bool:
    """Whether a message is a poll vote, which only the device that holds the poll's secret can read."""
    within = inside(arrived.Message)
    return within.field == "pollUpdateMessage" and within.message.pollUpdateMessage.HasField("vote")


def undecryptable(arrived: UndecryptableMessage, context: Context) -> Converted:
    """What to make of a message nobody could read (event 44): a line in the journal, and no event.

    whatsmeow has asked the sender to send it again, and the copy has the same id; an event now would take that id and
    make the readable copy a redelivery. `Note.unread` is what may be told instead, if no copy ever comes; there is none
    where WhatsApp itself would hide the failure.
    """
    info = arrived.Info
    source = source_of(info.MessageSource, context, name=name_of(info))
    at = context.at(info.Timestamp / 1000)
    hidden = arrived.DecryptFailMode == UndecryptableMessage.DECRYPT_FAIL_HIDE or source.from_me
    unread = MessageReceived(
        instance_id=context.instance_id,
        at=at,
        message=_message(source, network_id_of(info), Unknown(network_kind="undecryptable"), at),
    )
    why = "was not sent to this device" if arrived.IsUnavailable else "could not be decrypted"
    return (
        Note(
            f"Message {info.ID} from {source.sender.address} {why}; it was asked for again.",
            level="info" if hidden else "warning",
            unread=None if hidden else unread,
        ),
    )


def message_of(within: Inside, network_id: str, source: Source, context: Context, at: datetime) -> Message:
    """A message as the gateway keeps it."""
    content = content_of(within, network_id)
    about = context_of(getattr(within.message, within.field)) if within.field in _FIELDS else None
    if about is None:
        return _message(source, network_id, content, at)
    mentioned = (address_of_text(each) for each in about.mentionedJID)
    return Message(
        network_id=network_id,
        chat=source.chat,
        sender=source.sender,
        content=content,
        sent_at=at,
        from_me=source.from_me,
        reply_to=about.stanzaID or None,
        mentions=tuple(dict.fromkeys(who.canonical(context, each) for each in mentioned if each)),
        forwarded=about.isForwarded or about.forwardingScore > 0,
    )


def said(context: Context, message: Message) -> MessageReceived | MessageSent:
    """The event of a message: sent, when the account's own phone or another of its devices wrote it."""
    event = MessageSent if message.from_me else MessageReceived
    return event(instance_id=context.instance_id, at=message.sent_at, message=message)


def network_id_of(info: MessageInfo) -> str:
    """A message's id: its number in a channel, else the id its sender gave it."""
    if info.ServerID > 0 and info.MessageSource.Chat.Server == "newsletter":
        return str(info.ServerID)
    # Every message has an id; should one come without, all of that kind must not count as one.
    return info.ID or f"unnamed-{hashlib.sha256(info.SerializePartialToString()).hexdigest()[:20]}"


def name_of(info: MessageInfo) -> str:
    """What the sender calls themselves; for a business that tells no name, its verified one."""
    return str(info.Pushname or info.VerifiedName.Details.verifiedName)


def _protocol(message: ProtocolMessage, info: MessageInfo, source: Source, context: Context, at: datetime) -> Converted:
    target = message.key.ID
    match message.type:
        case ProtocolMessage.REVOKE if message.HasField("key"):
            return (_deleted(context, source, at, target, f"revoke:{source.key}:{info.ID}"),)
        case ProtocolMessage.MESSAGE_EDIT if message.HasField("key"):
            key = f"edit:{source.key}:{info.ID}"
            return (_edited(context, source, at, target, inside(message.editedMessage), key),)
        case _:
            return ()  # settings, keys and histories that devices hand each other


def _deleted(context: Context, source: Source, at: datetime, network_id: str, key: str) -> MessageDeleted:
    return MessageDeleted(
        instance_id=context.instance_id,
        at=at,
        dedupe_key=key,
        chat=source.chat,
        network_id=network_id,
        sender=source.sender,
        from_me=source.from_me,
    )


def _edited(context: Context, source: Source, at: datetime, network_id: str, within: Inside, key: str) -> MessageEdited:
    return MessageEdited(
        instance_id=context.instance_id,
        at=at,
        dedupe_key=key,
        chat=source.chat,
        network_id=network_id,
        content=content_of(within, network_id),
        sender=source.sender,
        from_me=source.from_me,
    )


def _reacted(within: Inside, info: MessageInfo, source: Source, context: Context, at: datetime) -> MessageReacted:
    reaction = within.message.reactionMessage
    return MessageReacted(
        instance_id=context.instance_id,
        at=at,
        dedupe_key=f"reaction:{source.key}:{info.ID}",
        chat=source.chat,
        network_id=reaction.key.ID,
        sender=source.sender,
        emoji=(reaction.text,) if reaction.text else (),
        from_me=source.from_me,
    )


def _voted(
    within: Inside,
    info: MessageInfo,
    source: Source,
    context: Context,
    at: datetime,
    vote: PollVoteMessage | None,
) -> Converted:
    poll = within.message.pollUpdateMessage.pollCreationMessageKey.ID
    if vote is None:
        # Without its options a vote would read as withdrawn, which is worse than nothing.
        return (Note(f"A vote of {source.sender.address} in poll {poll} could not be read.", level="warning"),)
    return (
        PollAnswered(
            instance_id=context.instance_id,
            at=at,
            dedupe_key=f"vote:{source.key}:{info.ID}",
            poll_ref=poll,
            sender=source.sender,
            chat=source.chat,
            digests=tuple(digest.hex() for digest in vote.selectedOptions),
        ),
    )


def _message(source: Source, network_id: str, content: Content, at: datetime) -> Message:
    return Message(
        network_id=network_id,
        chat=source.chat,
        sender=source.sender,
        content=content,
        sent_at=at,
        from_me=source.from_me,
    )


_FIELDS: Final = frozenset(Protobuf.DESCRIPTOR.fields_by_name)
