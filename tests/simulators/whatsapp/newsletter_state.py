"""A channel ("newsletter"): its texts, its followers, its messages in plain text, and its look in JSON and stanzas."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.mex import Json
from tests.simulators.whatsapp.node import Node


@dataclass
class Post:
    """One message of a channel. `server_id` counts from 1 within the channel."""

    server_id: int
    id: str
    message: Any
    at: int
    kind: str = "text"
    viewers: set[str] = field(default_factory=set)
    reactions: dict[str, str] = field(default_factory=dict)  # phone -> emoji

    def node(self, *, with_text: bool = True) -> Node:
        children: list[Node] = []
        if with_text:
            children.append(Node("plaintext", {}, self.message.SerializeToString()))
        children.append(Node("views_count", {"count": str(len(self.viewers))}))
        counted = Counter(self.reactions.values())
        if counted:
            codes = [Node("reaction", {"code": code, "count": str(count)}) for code, count in counted.items()]
            children.append(Node("reactions", {}, codes))
        attrs = {"id": self.id, "server_id": str(self.server_id), "type": self.kind, "t": str(self.at)}
        return Node("message", attrs, children)


@dataclass
class Newsletter:
    """One channel; `roles` says who follows it and as what."""

    id: str
    name: str
    owner: User
    description: str = ""
    created: int = field(default_factory=lambda: int(time.time()))
    invite: str = field(default_factory=lambda: secrets.token_hex(12))
    roles: dict[str, str] = field(default_factory=dict)  # phone -> owner | admin | subscriber
    muted: set[str] = field(default_factory=set)
    posts: list[Post] = field(default_factory=list)
    live: dict[str, float] = field(default_factory=dict)  # phone -> until when it gets live updates

    @property
    def jid(self) -> JID:
        return JID(self.id, "newsletter")

    def may_post(self, user: User) -> bool:
        return self.roles.get(user.phone) in ("owner", "admin")

    def add(self, message: Any, kind: str = "text", post_id: str | None = None) -> Post:
        identifier = post_id or "3EB0" + secrets.token_hex(9).upper()
        post = Post(len(self.posts) + 1, identifier, message, int(time.time()), kind)
        self.posts.append(post)
        return post

    def page(self, count: int, before: int = 0, after: int = 0) -> Iterable[Post]:
        """Up to `count` posts, oldest first, ending before or starting after a server id."""
        chosen = [post for post in self.posts if (not before or post.server_id < before) and post.server_id > after]
        return chosen[:count] if after else chosen[-count:]

    def metadata(self, viewer: User | None) -> Json:
        """As the GraphQL answers carry it; without a viewer there is no role and no mute."""
        picture = {"url": "", "id": "", "type": "PREVIEW", "direct_path": ""}
        stamp = str(self.created * 1_000_000)
        data: Json = {
            "id": str(self.jid),
            "state": {"type": "ACTIVE"},
            "thread_metadata": {
                "creation_time": str(self.created),
                "invite": self.invite,
                "name": {"text": self.name, "id": stamp, "update_time": stamp},
                "description": {"text": self.description, "id": stamp, "update_time": stamp},
                "subscribers_count": str(len(self.roles)),
                "verification": "UNVERIFIED",
                "picture": picture,
                "preview": picture,
                "settings": {"reaction_codes": {"value": "ALL"}},
            },
        }
        if viewer is not None:
            role = self.roles.get(viewer.phone, "guest")
            mute = "ON" if viewer.phone in self.muted else "OFF"
            data["viewer_metadata"] = {"role": role.upper(), "mute": mute}
        return data
