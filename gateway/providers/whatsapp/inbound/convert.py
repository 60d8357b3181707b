"""What neonize tells, as domain events and notes. Pure: a code and bytes in, values out, and never an exception.

The codes are neonize's own (`neonize.events.EVENT_TO_INT`). Those about the connection are the session's business and
give nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError
from neonize.events import INT_TO_EVENT
from neonize.proto import Neonize_pb2 as neonize
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import PollVoteMessage

from gateway.kit.log import get_logger
from gateway.providers.whatsapp.context import Context, Converted, Note
from gateway.providers.whatsapp.inbound import calls, group_news, history, messages, notices, presence, receipts
from gateway.providers.whatsapp.inbound.mend import mend
from gateway.providers.whatsapp.inbound.printable import printable
from gateway.providers.whatsapp.inbound.salvage import salvage

log = get_logger(__name__)

HISTORY: Final = 13
MESSAGE: Final = 17
UNDECRYPTABLE: Final = 44


def convert(code: int, payload: bytes, context: Context, *, vote: PollVoteMessage | None = None) -> Converted:
    """What an event tells, in order; empty for a code that is read elsewhere.

    Never raises: what cannot be digested becomes a note of level `error`, and if it was a message also a message of
    unknown content, so that nobody misses that somebody wrote. `vote` is the decrypted content of a poll vote; ask
    `vote_in` first.
    """
    read = _READERS.get(code)
    if read is None:
        return ()
    try:
        try:
            return tuple(printable(each) for each in read(payload, context, vote))
        except (TypeError, ValueError):  # what a text in no encoding leads to
            mended = _mended(code, payload)
            return tuple(printable(each) for each in read(mended, context, vote))
    except Exception as error:  # noqa: BLE001  # a bug in a conversion must cost no message, whatever it is
        # The error's text may quote the message, so only its type is told.
        log.error("whatsapp_event_unreadable", instance_id=context.instance_id, code=code, error=type(error).__name__)
        rest = salvage(payload, context) if code == MESSAGE else ()
        told = "; told as a message of unknown content" if rest else ""
        return (*rest, Note(f"WhatsApp's event {code} could not be read{told}.", level="error"))


def vote_in(code: int, payload: bytes) -> neonize.Message | None:
    """The message to hand to neonize's `decrypt_poll_vote` before `convert`; None for everything but a poll vote."""
    if code != MESSAGE:
        return None
    try:
        arrived = neonize.Message.FromString(payload)
    except DecodeError:
        return None  # `convert` says so
    return arrived if messages.needs_decryption(arrived) else None


def _mended(code: int, payload: bytes) -> bytes:
    message = INT_TO_EVENT[code].FromString(payload)
    mend(message)
    return bytes(message.SerializePartialToString())


def _history(payload: bytes, context: Context, _vote: PollVoteMessage | None) -> Converted:
    return history.events_of(neonize.HistorySync.FromString(payload).Data, context)


def _message(payload: bytes, context: Context, vote: PollVoteMessage | None) -> Converted:
    return messages.events_of(neonize.Message.FromString(payload), context, vote=vote)


def _plain(kind: type[Any], read: Callable[[Any, Context], Converted]) -> Callable[..., Converted]:
    return lambda payload, context, _vote: read(kind.FromString(payload), context)


def _unnamed(kind: type[Any], read: Callable[[Any, Context, bytes], Converted]) -> Callable[..., Converted]:
    # These have no id of their own; the payload's digest is their name.
    return lambda payload, context, _vote: read(kind.FromString(payload), context, payload)


_READERS: Final[Mapping[int, Callable[[bytes, Context, PollVoteMessage | None], Converted]]] = {
    HISTORY: _history,
    MESSAGE: _message,
    18: _plain(neonize.Receipt, receipts.events_of),
    19: _plain(neonize.ChatPresence, presence.writing),
    20: _plain(neonize.Presence, presence.present),
    21: _unnamed(neonize.JoinedGroup, group_news.joined),
    22: _unnamed(neonize.GroupInfoEvent, group_news.changed),
    23: _unnamed(neonize.Picture, group_news.pictured),
    24: _plain(neonize.IdentityChange, notices.identity_change),
    30: _plain(neonize.BlocklistEvent, notices.blocklist),
    31: _plain(neonize.BlocklistChange, notices.block_change),
    36: _plain(neonize.CallOffer, calls.offered),
    40: _plain(neonize.CallOfferNotice, calls.noticed),
    42: _plain(neonize.CallTerminate, calls.ended),
    UNDECRYPTABLE: _plain(neonize.UndecryptableMessage, messages.undecryptable),
}

CODES: Final = frozenset(_READERS)
"""The events that `convert` reads."""
