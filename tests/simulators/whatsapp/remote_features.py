"""The features of a simulator in another process, as typed methods. People are phone numbers, groups are ids."""

from __future__ import annotations

import base64
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

_Answer = TypeVar("_Answer")
Ask = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


class RemoteGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group as the simulator keeps it; `members` maps phone numbers to member, admin or superadmin."""

    id: str
    jid: str
    subject: str
    description: str
    members: dict[str, str]
    announcement: bool
    locked: bool
    ephemeral: int
    invite: str


class RemoteFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file on the media host, with what a message about it must say."""

    url: str
    path: str
    key: bytes
    sha256: bytes
    encrypted_sha256: bytes
    length: int


class RemoteCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call; `state` is ringing, rejected or ended."""

    id: str
    state: str
    reason: str
    caller: str


class RemotePost(msgspec.Struct, frozen=True, kw_only=True):
    """A post of a channel; `reactions` maps phone numbers to emoji."""

    id: str
    server_id: int
    text: str
    viewers: list[str]
    reactions: dict[str, str]


class RemoteNewsletter(msgspec.Struct, frozen=True, kw_only=True):
    """A channel; `roles` maps phone numbers to owner, admin or subscriber."""

    id: str
    jid: str
    name: str
    invite: str
    roles: dict[str, str]
    muted: list[str]
    posts: list[RemotePost]


class RemoteAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What an account shares and decides."""

    name: str
    about: str
    app_state: dict[str, Any]
    blocked: list[str]
    privacy: dict[str, str]
    trusted: list[str]
    disappearing: int
    available: bool
    typing: list[dict[str, str]]


class RemoteFeatures:
    """`ask(name, parameters)` carries an order over the control port and returns its JSON answer."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    # Groups

    async def create_group(
        self, subject: str, creator: str, members: Sequence[str], *, quiet: bool = False
    ) -> RemoteGroup:
        """`quiet` for a group that existed before the story starts: nobody is told."""
        given = {"subject": subject, "creator": creator, "members": list(members), "quiet": quiet}
        return await self._get(RemoteGroup, "groups.create", **given)

    async def group(self, group: str) -> RemoteGroup:
        return await self._get(RemoteGroup, "groups.show", group=group)

    async def change_members(self, group: str, act: str, by: str, people: Sequence[str]) -> None:
        """`act` is add, remove, promote or demote."""
        await self._do(f"groups.{act}", group=group, by=by, people=list(people))

    async def rename_group(self, group: str, by: str, subject: str) -> None:
        await self._do("groups.rename", group=group, by=by, subject=subject)

    async def describe_group(self, group: str, by: str, text: str) -> None:
        await self._do("groups.describe", group=group, by=by, text=text)

    async def switch_group(self, group: str, by: str, to: str) -> None:
        """`to` is announcement, not_announcement, locked or unlocked."""
        await self._do("groups.switch", group=group, by=by, to=to)

    async def renew_invite(self, group: str, by: str) -> str:
        return str(await self._do("groups.renew_invite", group=group, by=by))

    async def close_to_strangers(self, person: str) -> None:
        """From now on this person cannot be added to groups, only invited."""
        await self._do("groups.close_to_strangers", person=person)

    # Files, pictures, past

    async def store_file(self, data: bytes, kind: str) -> RemoteFile:
        """`kind` is image, video, audio, document, sticker, ...; see media_keys."""
        return await self._get(RemoteFile, "media.store", data=_text(data), kind=kind)

    async def read_file(self, path: str, kind: str, key: bytes) -> bytes:
        return base64.b64decode(await self._do("media.read", path=path, kind=kind, key=_text(key)))

    async def lose_file(self, path: str, status: int = 404) -> None:
        await self._do("media.lose", path=path, status=status)

    async def restore_file(self, path: str) -> None:
        await self._do("media.restore", path=path)

    async def refuse_uploads(self, times: int = 1) -> None:
        await self._do("media.refuse_uploads", times=times)

    async def set_picture(self, person: str, image: bytes, preview: bytes | None = None) -> str:
        given = {"preview": _text(preview)} if preview is not None else {}
        return str(await self._do("pictures.set", person=person, image=_text(image), **given))

    async def remove_picture(self, person: str) -> None:
        await self._do("pictures.remove", person=person)

    async def hide_picture(self, person: str) -> None:
        await self._do("pictures.hide", person=person)

    async def picture_id(self, person: str) -> str | None:
        answer = await self._do("pictures.show", person=person)
        return str(answer) if answer is not None else None

    async def remember(
        self, person: str, chat: str, sender: str | None, texts: Sequence[str], at: float | None = None
    ) -> list[str]:
        """Texts said before the next device is linked, a minute apart; `chat` is a JID. Returns the message ids."""
        when = at if at is not None else time.time() - 3600
        given = {"chat": chat, "sender": sender, "texts": list(texts), "at": when}
        return list(await self._do("history.remember", person=person, **given))

    # Accounts

    async def account(self, person: str) -> RemoteAccount:
        return await self._get(RemoteAccount, "account.show", person=person)

    async def save_contacts(self, person: str, people: Mapping[str, str]) -> None:
        """`people` maps the names in the phone's address book to phone numbers."""
        await self._do("contacts.save", person=person, people=dict(people))

    async def rename_account(self, person: str, name: str, *, quiet: bool = False) -> None:
        """On the phone. With `quiet` the linked devices are not told yet: their next change meets a conflict."""
        await self._do("account.rename", person=person, name=name, quiet=quiet)

    async def set_chat(self, person: str, act: str, chat: str, *, on: bool = True) -> None:
        """`act` is mute, archive or pin; `chat` a JID."""
        await self._do(f"chats.{act}", person=person, chat=chat, on=on)

    async def block(self, person: str, other: str, *, on: bool = True) -> None:
        await self._do("privacy.block", person=person, other=other, on=on)

    async def choose_privacy(self, person: str, name: str, value: str) -> None:
        await self._do("privacy.choose", person=person, name=name, value=value)

    async def come_online(self, person: str) -> None:
        await self._do("presence.online", person=person)

    async def go_offline(self, person: str, last_seen: int | None = None) -> None:
        await self._do("presence.offline", person=person, last_seen=last_seen)

    async def type_to(self, person: str, to: str, state: str = "composing", group: str | None = None) -> int:
        """`state` is composing, recording or paused; returns how many devices were told."""
        return int(await self._do("presence.types", person=person, to=to, state=state, group=group))

    # Calls and channels

    async def offer_call(self, caller: str, callee: str, *, video: bool = False) -> RemoteCall:
        return await self._get(RemoteCall, "calls.offer", caller=caller, callee=callee, video=video)

    async def terminate_call(self, call: str, reason: str = "timeout") -> None:
        await self._do("calls.terminate", call=call, reason=reason)

    async def call(self, call: str) -> RemoteCall:
        return await self._get(RemoteCall, "calls.show", call=call)

    async def create_newsletter(
        self, name: str, owner: str, followers: Sequence[str] = (), description: str = ""
    ) -> RemoteNewsletter:
        given = {"name": name, "owner": owner, "followers": list(followers), "description": description}
        return await self._get(RemoteNewsletter, "newsletters.create", **given)

    async def newsletter(self, newsletter: str) -> RemoteNewsletter:
        return await self._get(RemoteNewsletter, "newsletters.show", newsletter=newsletter)

    async def post(self, newsletter: str, text: str) -> int:
        """The owner writes; returns the server id of the post."""
        return int((await self._do("newsletters.post", newsletter=newsletter, text=text))["server_id"])

    async def _do(self, name: str, /, **parameters: Any) -> Any:
        return await self._ask(name, parameters)

    async def _get(self, kind: type[_Answer], name: str, /, **parameters: Any) -> _Answer:
        return msgspec.convert(await self._ask(name, parameters), kind)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
