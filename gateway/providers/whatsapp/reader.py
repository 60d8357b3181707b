"""Makes events of what arrived, with what only a live session can add: names, votes, calls that are turned down.

`convert` does the reading and is pure; this asks the device's own store for the phone numbers it found missing,
decrypts votes, counts the history down, and waits before it says that a message stayed unreadable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import structs
from neonize.proto import Neonize_pb2 as wire

from gateway.domain.errors import GatewayError
from gateway.domain.events import CallReceived, Event, HistoryReceived, MessageReceived
from gateway.domain.ids import Address
from gateway.kit.log import get_logger
from gateway.providers.contract import SessionContext
from gateway.providers.whatsapp.context import Context, Note
from gateway.providers.whatsapp.inbound.convert import convert, vote_in
from gateway.providers.whatsapp.jids import address_of, to_jid
from gateway.providers.whatsapp.pairs import Pairs, missing
from gateway.providers.whatsapp.spool import Arrival

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import PollVoteMessage

log = get_logger(__name__)

UNREADABLE_AFTER: Final = 900.0
"""Seconds an unreadable message may take to be sent again, before it is told as one of unknown content."""

NAMELESS_AT_MOST: Final = 10_000
"""People without a known number that are remembered as such."""

RejectCall = Callable[[str, Address], Awaitable[None]]


class Reader:
    """One for each connection. `client` gives the live client; it raises when there is none, and the arrival waits."""

    def __init__(
        self,
        context: SessionContext,
        client: Callable[[], NewAClient],
        *,
        history_days: int,
        history_messages: int,
        reject_call: RejectCall | None,
    ) -> None:
        self._context = context
        self._client = client
        self._history_days = history_days
        self._history_left = history_messages
        self._reject_call = reject_call
        self._unread: set[asyncio.Task[None]] = set()
        self._nameless: set[Address] = set()
        self.pairs = Pairs()
        self.own_pn: Address | None = None
        self.own_lid: Address | None = None
        self.own_name = ""

    def is_device(self, payload: bytes) -> wire.Device:
        """Learn which account this is, from neonize's event 0."""
        device = wire.Device.FromString(payload)
        self.own_pn, self.own_lid = address_of(device.JID), address_of(device.LID)
        self.own_name = device.PushName
        if self.own_pn and self.own_lid:
            self.pairs.learn(self.own_lid, self.own_pn)
        return device

    async def read(self, arrival: Arrival) -> Sequence[Event]:
        """The events of an arrival."""
        vote = await self._vote(arrival)
        converted = convert(arrival.code, arrival.payload, self.about(), vote=vote)
        self.pairs.learn_from(converted)
        if await self.look_up(missing(converted)):
            converted = convert(arrival.code, arrival.payload, self.about(), vote=vote)
        return [event for each in converted if (event := await self._complete(each)) is not None]

    def close(self) -> None:
        """Forget what was waited for."""
        for task in self._unread:
            task.cancel()

    def about(self) -> Context:
        """Whose events these are, and who is known under which names."""
        return Context(
            instance_id=self._context.instance.id,
            now=self._context.clock.now(),
            pn=self.own_pn,
            lid=self.own_lid,
            pns=self.pairs.pns,
            lids=self.pairs.lids,
            history_days=self._history_days,
            history_messages=self._history_left,
        )

    async def _complete(self, each: Event | Note) -> Event | None:
        match each:
            case Note():
                self._context.report.note(each.text, each.level)
                if each.unread is not None:
                    self._tell_later(each.unread)
                return None
            case HistoryReceived():
                self._history_left = max(0, self._history_left - len(each.messages))
                return each
            case CallReceived() if self._reject_call is not None:
                return structs.replace(each, rejected=await self._turn_down(each, self._reject_call))
            case _:
                return each

    async def _vote(self, arrival: Arrival) -> PollVoteMessage | None:
        sealed = vote_in(arrival.code, arrival.payload)
        if sealed is None:
            return None
        try:
            return await self._client().decrypt_poll_vote(sealed)
        except GatewayError:
            raise
        except Exception as error:  # noqa: BLE001 - neonize raises its own; a vote in a poll from before the link has no key
            self._context.report.note(f"A vote could not be read: {error}", "warning")
            return None

    async def look_up(self, lids: frozenset[Address]) -> bool:
        """Ask the device's own store; whether it knew anybody."""
        found = False
        for lid in lids - self._nameless:
            try:
                pn = address_of(await self._client().get_pn_from_lid(to_jid(lid)))
            except GatewayError:
                raise
            except Exception as error:  # noqa: BLE001 - neonize raises its own; without the number the event is told as it is
                log.debug("whatsapp_number_unknown", reason=str(error))
                pn = None
            if pn:
                self.pairs.learn(lid, pn)
                found = True
            elif len(self._nameless) < NAMELESS_AT_MOST:
                self._nameless.add(lid)  # not asked again on this connection; a message of theirs tells both names
        return found

    async def _turn_down(self, call: CallReceived, reject: RejectCall) -> bool:
        try:
            await reject(call.call_id, call.sender.lid or call.sender.address)
        except GatewayError as error:
            self._context.report.note(f"A call could not be rejected: {error.sentence}", "warning")
            return False
        return True

    def _tell_later(self, unread: MessageReceived) -> None:
        async def tell() -> None:
            await self._context.clock.sleep(UNREADABLE_AFTER)
            # A copy that came meanwhile has the same id, and this one stops at the store.
            try:
                await self._context.emit(unread)
            except GatewayError as error:
                log.warning("unreadable_message_not_told", code=error.code)

        task = asyncio.ensure_future(tell())
        self._unread.add(task)
        task.add_done_callback(self._unread.discard)
