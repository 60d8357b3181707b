"""Profile and group pictures (`xmlns="w:profile:picture"`): full and preview, who may see and set them, who is told.

No picture is 404, one hidden by its owner 401, an unchanged one status 304, anything that is no JPEG 406, a group whose
members may not change it 403. A change is told to every account here, as if all of them knew the person.
"""

from __future__ import annotations

import base64
import hashlib
import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.group_state import Group
from tests.simulators.whatsapp.groups import Groups
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.media import PICTURE_HOST, Media
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler, Refused, refusing
from tests.simulators.whatsapp.world import Feature, World

_JPEG = b"\xff\xd8\xff"
_FOLDER = "/v/t61.24694-24/"


@dataclass(frozen=True)
class Picture:
    """One picture in two sizes, on the media host without encryption, as WhatsApp keeps them."""

    id: str
    full_path: str
    preview_path: str
    sha256: bytes


class Pictures(Feature):
    """Pictures by phone number or group id."""

    def __init__(self, world: World, media: Media, groups: Groups) -> None:
        super().__init__(world)
        self._media = media
        self._groups = groups
        self._pictures: dict[str, Picture] = {}
        self.hidden: set[str] = set()  # phone numbers whose owners show their picture to nobody
        self.iq: Mapping[str, Handler] = {"w:profile:picture": self._request}

    def of(self, owner: User | Group) -> Picture | None:
        return self._pictures.get(_key(owner))

    def set(self, owner: User | Group, image: bytes, preview: bytes | None = None, by: User | None = None) -> Picture:
        """A new picture; without a preview of its own the full one serves as both."""
        full_path = self._media.put(image, _FOLDER, ".jpg")
        preview_path = self._media.put(preview, _FOLDER, ".jpg") if preview is not None else full_path
        number = str(random.randrange(10**9, 10**10))
        picture = Picture(number, full_path, preview_path, hashlib.sha256(image).digest())
        self._pictures[_key(owner)] = picture
        self._tell(owner, by, Node("set", {"id": picture.id}))
        return picture

    def remove(self, owner: User | Group, by: User | None = None) -> None:
        self._pictures.pop(_key(owner), None)
        self._tell(owner, by, Node("delete"))

    @refusing
    def _request(self, connection: Connection, request: Node) -> None:
        user = connection.require_device().user
        target = request.get("target")
        owner = self._owner(request.jid("target")) if target is not None else user
        if owner is None:
            raise Refused(404)
        asked = request.child("picture")
        if request.get("type") == "get":
            connection.result(request, [self._show(user, owner, asked)])
            return
        self._allow(user, owner)
        if asked is None:
            self.remove(owner, user)
            connection.result(request, [])
            return
        if not asked.data().startswith(_JPEG):
            raise Refused(406)
        picture = self.set(owner, asked.data(), by=user)
        connection.result(request, [Node("picture", {"id": picture.id})])

    def _show(self, user: User, owner: User | Group, asked: Node | None) -> Node:
        if isinstance(owner, Group) and not owner.has(user):
            raise Refused(401)
        if isinstance(owner, User) and owner is not user and owner.phone in self.hidden:
            raise Refused(401)
        picture = self.of(owner)
        if picture is None:
            raise Refused(404)
        if asked is not None and asked.get("id") == picture.id:
            return Node("picture", {"status": "304"})
        kind = asked.get("type", "image") if asked is not None else "image"
        path = picture.preview_path if kind == "preview" else picture.full_path
        attrs = {"id": picture.id, "type": kind, "url": f"https://{PICTURE_HOST}{path}", "direct_path": path}
        return Node("picture", {**attrs, "hash": base64.b64encode(picture.sha256).decode()})

    def _allow(self, user: User, owner: User | Group) -> None:
        if isinstance(owner, Group):
            if not owner.may_edit(user):
                raise Refused(403)
        elif owner is not user:
            raise Refused(403)

    def _owner(self, target: JID) -> User | Group | None:
        if target.server == "g.us":
            return self._groups.find(target)
        return self.world.directory.find(target.bare())

    def _tell(self, owner: User | Group, by: User | None, change: Node) -> None:
        if isinstance(owner, Group):
            about, author, audience = owner.jid, by or owner.creator, owner.members
        else:
            about, author, audience = owner.pn, owner, list(self.world.directory.users)
        change.attrs.update({"jid": about, "author": author.lid if isinstance(owner, Group) else author.pn})
        for user in audience:
            for device in list(user.devices.values()):
                attrs = {
                    "from": about,
                    "type": "picture",
                    "id": secrets.token_hex(5).upper(),
                    "t": str(int(time.time())),
                }
                self.world.push(device, Node("notification", attrs, [change]))


def _key(owner: User | Group) -> str:
    return owner.id if isinstance(owner, Group) else owner.phone
