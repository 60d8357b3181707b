"""Calls (neonize's events 36, 40 and 42). Pure. A call's second announcement has the first one's key."""

from __future__ import annotations

from neonize.proto.Neonize_pb2 import BasicCallMeta, CallOffer, CallOfferNotice, CallTerminate, Node

from gateway.domain.events import CallEnded, CallReceived
from gateway.domain.ids import Address
from gateway.domain.messages import Person
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context, Converted
from gateway.providers.whatsapp.jids import address_of, address_of_text, is_group


def offered(news: CallOffer, context: Context) -> Converted:
    """Somebody rings."""
    return _received(news.basicCallMeta, news.data, any(node.Tag == "video" for node in news.data.Nodes), context)


def noticed(news: CallOfferNotice, context: Context) -> Converted:
    """A group rings, or a call of which this device gets no offer."""
    return _received(news.basicCallMeta, news.data, news.media == "video", context)


def ended(news: CallTerminate, context: Context) -> Converted:
    """A call is over: taken elsewhere, refused, missed or hung up."""
    meta = news.basicCallMeta
    return (
        CallEnded(
            instance_id=context.instance_id,
            at=context.at(meta.timestamp),
            dedupe_key=f"call:{meta.callID}:ended",
            call_id=meta.callID,
            sender=_caller(meta, context),
            reason=news.reason,
        ),
    )


def _received(meta: BasicCallMeta, data: Node, video: bool, context: Context) -> Converted:
    caller = _caller(meta, context)
    if context.is_me(caller.pn) or context.is_me(caller.lid):
        return ()
    group = _group(data)
    chat = who.chat(context, group) if group else who.chat(context, caller.address or None, caller.lid)
    return (
        CallReceived(
            instance_id=context.instance_id,
            at=context.at(meta.timestamp),
            dedupe_key=f"call:{meta.callID}",
            call_id=meta.callID,
            sender=caller,
            chat=chat if chat.address else None,
            video=video,
        ),
    )


def _caller(meta: BasicCallMeta, context: Context) -> Person:
    # `from` is a Python keyword, and in a group call it names the call.
    named = (meta.callCreator, meta.callCreatorAlt) if meta.callCreator.User else (getattr(meta, "from"),)
    return who.person(context, *(address_of(each) for each in named))


def _group(data: Node) -> Address | None:
    for attribute in data.Attrs:
        if attribute.name == "group-jid":
            found = address_of(attribute.jid) if attribute.HasField("jid") else address_of_text(attribute.text)
            return found if found and is_group(found) else None
    return None
