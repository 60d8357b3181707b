"""The simulator's own HTTP side, `/_ctl/...`, for tests and people in another process. JSON in, JSON out.

POST /_ctl/bots {token?, name?}          POST /_ctl/persons {first_name, username?, user_id?}
POST /_ctl/rooms {kind, title, members?, admins?, username?, threads?, chat_id?}
POST /_ctl/people/<act> {person, bot | chat, ...}   act: a method of People, e.g. sends_text; `data` is base64
POST /_ctl/rooms/<act> {user | person, chat | bot, by?}   act: joins, leaves, removes, promotes, blocks, upgrades, ...
POST /_ctl/updates {bot, kind, body}     a raw update
POST /_ctl/faults {Fault}  DELETE /_ctl/faults  POST /_ctl/chaos {Chaos}
POST /_ctl/revoke {bot}    POST /_ctl/offline {seconds}
GET  /_ctl/bots | /_ctl/sent?bot=&chat= | /_ctl/calls?bot=&method= | /_ctl/updates?bot= | /_ctl/webhook?bot=
GET  /_ctl/files

`bot` is a token or an id, `person`, `user`, `by` and `chat` are ids. A wrong request is a 400 with a sentence.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from tests.simulators.telegram.faults import Chaos, Fault
from tests.simulators.telegram.params import read_body
from tests.simulators.telegram.refusals import Refusal
from tests.simulators.telegram.state import Bot, Chat, User
from tests.simulators.telegram.wire import Wire

if TYPE_CHECKING:
    from tests.simulators.telegram.server import TelegramSimulator

_MAX_BODY = 256 * 1024 * 1024
_SENDS = frozenset({"sends_text", "sends_media", "sends_location", "sends_venue", "sends_contact", "sends_poll"})
_PEOPLE_ACTS = _SENDS | {"edits", "deletes", "presses", "reacts", "votes"}
_ROOM_ACTS = frozenset({"joins", "leaves", "removes", "promotes", "demotes", "blocks", "unblocks", "upgrades"})


class Control:
    """Routes `/_ctl/...` to the simulator's Python methods."""

    def __init__(self, simulator: TelegramSimulator) -> None:
        self._simulator = simulator
        self._pending: set[asyncio.Task[None]] = set()
        self._routes: dict[tuple[str, str], Callable[[Wire], Awaitable[Any]]] = {
            ("POST", "bots"): self._add_bot,
            ("GET", "bots"): self._list_bots,
            ("POST", "persons"): self._add_person,
            ("POST", "rooms"): self._create_room,
            ("POST", "updates"): self._push_update,
            ("GET", "updates"): self._list_updates,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "chaos"): self._unleash,
            ("POST", "revoke"): self._revoke,
            ("POST", "offline"): self._offline,
            ("GET", "sent"): self._list_sent,
            ("GET", "calls"): self._list_calls,
            ("GET", "webhook"): self._show_webhook,
            ("GET", "files"): self._list_files,
        }

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """One control request."""
        name, _, act = request.path.removeprefix("/_ctl/").partition("/")
        try:
            body = await read_body(request, _MAX_BODY)
            given: Wire = dict(request.query) | (msgspec.json.decode(body, type=Wire) if body else {})
            if request.method == "POST" and act:
                result = self._act(name, act, given)
            else:
                route = self._routes.get((request.method, name))
                if route is None or act:
                    return _json(404, {"error": f"no {request.method} /_ctl/{name}"})
                result = await route(given)
        except KeyError as error:
            return _json(400, {"error": f"missing or unknown: {error.args[0]}"})
        except Refusal as refusal:
            return _json(400, {"error": refusal.description})
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            return _json(400, {"error": str(error)})
        return _json(200, result)

    # Reading what the request names

    def _bot(self, given: Wire) -> Bot:
        named = str(given["bot"])
        return self._simulator.world.bots[int(named.partition(":")[0])]

    def _person(self, given: Wire, field: str = "person") -> User:
        person = self._simulator.world.people.get(int(given[field]))
        if person is None:
            raise ValueError(f"no person {given[field]}; POST /_ctl/persons first")
        return person

    def _room(self, given: Wire) -> Chat:
        room = self._simulator.world.rooms.get(int(given["chat"]))
        if room is None:
            raise ValueError(f"no chat {given['chat']}; POST /_ctl/rooms first")
        return room

    def _account(self, user_id: int) -> User | Bot:
        world = self._simulator.world
        found = world.bots.get(user_id) or world.people.get(user_id)
        if found is None:
            raise ValueError(f"no user {user_id}")
        return found

    # Acts

    def _act(self, name: str, act: str, given: Wire) -> Any:
        if name == "people" and act in _PEOPLE_ACTS:
            return self._people_act(act, given)
        if name == "rooms" and act in _ROOM_ACTS:
            return self._room_act(act, given)
        raise ValueError(f"no act {name}/{act}")

    def _people_act(self, act: str, given: Wire) -> Any:
        person = self._person(given)
        rest = {key: value for key, value in given.items() if key not in ("person", "bot", "chat")}
        if act == "sends_media" and isinstance(rest.get("data"), str):
            rest["data"] = base64.b64decode(rest["data"], validate=True)
        people = self._simulator.people
        if act == "votes":
            return people.votes(person, rest["poll_id"], *rest.get("option_ids", []))
        place = self._bot(given) if "bot" in given else self._room(given)
        if act == "reacts":
            return people.reacts(person, place, rest["message_id"], *rest.get("emoji", []))
        return getattr(people, act)(person, place, **rest)

    def _room_act(self, act: str, given: Wire) -> Any:
        rooms = self._simulator.rooms
        if act in ("blocks", "unblocks"):
            return getattr(rooms, act)(self._person(given), self._bot(given))
        by = self._person(given, "by") if "by" in given else None
        if act == "upgrades":
            return rooms.upgrades(self._room(given), by or self._person(given)).wire()
        who = (self._account(int(given["user"])), self._room(given))
        return getattr(rooms, act)(*who, **({"by": by} if by else {}))

    # Scene

    async def _add_bot(self, given: Wire) -> Wire:
        bot = self._simulator.add_bot(given.get("token"), name=given.get("name"))
        return bot.user.wire() | {"token": bot.token}

    async def _list_bots(self, _: Wire) -> list[Wire]:
        return [
            bot.user.wire() | {"pending": len(bot.updates), "polling": bot.updates.polling, "revoked": bot.revoked}
            for bot in self._simulator.world.bots.values()
        ]

    async def _add_person(self, given: Wire) -> Wire:
        return self._simulator.add_person(**given).wire()

    async def _create_room(self, given: Wire) -> Wire:
        for field in ("members", "admins"):
            given[field] = [self._account(int(user_id)) for user_id in given.get(field) or []]
        if given.get("threads") is not None:
            given["threads"] = {int(number): str(name) for number, name in given["threads"].items()}
        return self._simulator.rooms.create(**given).wire()

    async def _push_update(self, given: Wire) -> Wire | None:
        return self._simulator.world.tell(self._bot(given), str(given["kind"]), given["body"])

    # Faults

    async def _add_fault(self, given: Wire) -> Wire:
        self._simulator.fault(msgspec.convert(given, Fault))
        return {"owed": self._simulator.world.faults.owed}

    async def _clear_faults(self, _: Wire) -> Wire:
        self._simulator.world.faults.clear()
        return {"owed": 0}

    async def _unleash(self, given: Wire) -> None:
        self._simulator.unleash(msgspec.convert(given, Chaos) if given else None)

    async def _revoke(self, given: Wire) -> None:
        self._simulator.revoke(self._bot(given))

    async def _offline(self, given: Wire) -> None:
        seconds = float(given["seconds"])
        # A short grace lets this very answer out; the port comes back by itself because nobody could ask for it.
        task = asyncio.create_task(self._away(seconds))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _away(self, seconds: float) -> None:
        await asyncio.sleep(0.05)
        await self._simulator.go_offline()
        await asyncio.sleep(seconds)
        await self._simulator.go_online()

    # Looking

    async def _list_updates(self, given: Wire) -> list[Wire]:
        return self._simulator.unconfirmed(self._bot(given))

    async def _list_sent(self, given: Wire) -> list[Wire]:
        bot = self._bot(given)
        where = None
        if "chat" in given:
            where = self._person(given, "chat") if int(given["chat"]) > 0 else self._room(given)
        return [message.wire for message in self._simulator.sent(bot, where)]

    async def _list_calls(self, given: Wire) -> list[Any]:
        calls: list[Any] = msgspec.to_builtins(self._simulator.calls(self._bot(given), given.get("method")))
        return calls

    async def _show_webhook(self, given: Wire) -> Wire:
        hook = self._bot(given).webhook
        if hook is None:
            return {"url": ""}
        return {
            "url": hook.url,
            "secret_token": hook.secret_token,
            "delivered": hook.delivered,
            "last_error_message": hook.last_error_message,
        }

    async def _list_files(self, _: Wire) -> list[Wire]:
        return [
            {"unique_id": file.unique_id, "kind": file.kind, "size": len(file.data), "name": file.name}
            for file in self._simulator.world.files.all()
        ]


def _json(status: int, body: Any) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
