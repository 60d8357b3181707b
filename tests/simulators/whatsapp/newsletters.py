"""Channels: their GraphQL documents, the `newsletter` requests, and posts pushed to followers.

Posts travel unencrypted, as channels are public. Only the owner and admins may post (403); reactions are anybody's.
"""

from __future__ import annotations

import json
import random
import secrets
import time
from collections.abc import Mapping
from typing import Any

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.jid import JID, SERVER
from tests.simulators.whatsapp.mex import Graphql, Json
from tests.simulators.whatsapp.newsletter_state import Newsletter, Post
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler, Refused, refusing
from tests.simulators.whatsapp.world import Feature, World

# Numbers of stored GraphQL documents: web, then desktop. "Subscribed" and "follow" share one on desktop.
_INFO = ("6563316087068696", "9779843322044422")
_SUBSCRIBED = ("6388546374527196", "8621797084555037")
_CREATE = ("6234210096708695", "27527996220149684")
_FOLLOW = ("9926858900719341",)
_UNFOLLOW = ("6392786840836363", "8782612271820087")
_MUTE = ("6274038279359549", "5971669009605755")
_UNMUTE = ("6068417879924485", "6104029483058502")

_DEFAULT_COUNT = 50
_LIVE_SECONDS = 300


class Newsletters(Feature):
    """Every channel."""

    def __init__(self, world: World, graphql: Graphql) -> None:
        super().__init__(world)
        self.all: dict[str, Newsletter] = {}
        self.iq: Mapping[str, Handler] = {"newsletter": self._request}
        graphql.register(_INFO, self._info)
        graphql.register(_SUBSCRIBED, self._subscribed)
        graphql.register(_CREATE, self._create)
        graphql.register(_FOLLOW, self._follow)
        graphql.register(_UNFOLLOW, self._unfollow)
        graphql.register(_MUTE, self._mute)
        graphql.register(_UNMUTE, self._unmute)

    # What people do

    def create(self, name: str, owner: User, description: str = "") -> Newsletter:
        newsletter = Newsletter(f"120363{random.randrange(10**11, 10**12)}", name, owner, description)
        newsletter.roles[owner.phone] = "owner"
        self.all[newsletter.id] = newsletter
        return newsletter

    def find(self, jid: JID | str) -> Newsletter | None:
        return self.all.get(jid.user if isinstance(jid, JID) else jid.partition("@")[0])

    def follow(self, newsletter: Newsletter, user: User, role: str = "subscriber") -> None:
        newsletter.roles.setdefault(user.phone, role)
        self._tell(user, "xwa2_notify_newsletter_on_join", newsletter.metadata(user))

    def unfollow(self, newsletter: Newsletter, user: User) -> None:
        if newsletter.roles.pop(user.phone, None) is not None:
            left = {"id": str(newsletter.jid), "role": "GUEST"}
            self._tell(user, "xwa2_notify_newsletter_on_leave", left)

    def mute(self, newsletter: Newsletter, user: User, *, muted: bool) -> None:
        (newsletter.muted.add if muted else newsletter.muted.discard)(user.phone)
        change = {"id": str(newsletter.jid), "mute": "ON" if muted else "OFF"}
        self._tell(user, "xwa2_notify_newsletter_on_mute_change", change)

    def post(self, newsletter: Newsletter, text: str) -> Post:
        """The owner writes; every follower's devices are sent it, unencrypted as channels are."""
        return self._publish(newsletter, newsletter.add(Message(conversation=text)))

    def react(self, newsletter: Newsletter, post: Post, user: User, emoji: str) -> None:
        """An empty emoji takes the reaction back; those who watch live are told."""
        if emoji:
            post.reactions[user.phone] = emoji
        else:
            post.reactions.pop(user.phone, None)
        self._spread_live(newsletter, post)

    # What a client sends that is no request

    def take_message(self, connection: Connection, node: Node) -> None:
        """A message to a channel: a post by its admins, a reaction by anybody. Acknowledged with the server id."""
        user = connection.require_device().user
        newsletter = self.find(node.jid("to"))
        ack = {"class": "message", "from": node.get("to"), "id": node.get("id"), "t": str(int(time.time()))}
        reaction, text = node.child("reaction"), node.child("plaintext")
        post = self._post_of(newsletter, node.get("server_id", "")) if newsletter is not None else None
        if newsletter is None or (text is not None and not newsletter.may_post(user)):
            connection.send(Node("ack", {**ack, "error": "404" if newsletter is None else "403"}))
            return
        if reaction is not None and post is not None:
            self.react(newsletter, post, user, reaction.get("code", ""))
        elif text is not None:
            message = Message.FromString(text.data())
            post = newsletter.add(message, node.get("type", "text"), node.get("id"))
        server_id = str(post.server_id) if post is not None else None
        connection.send(Node("ack", {**ack, "server_id": server_id}))
        if text is not None and post is not None:
            self._publish(newsletter, post)

    def take_views(self, connection: Connection, node: Node) -> None:
        """A receipt of type view."""
        user, newsletter = connection.require_device().user, self.find(node.jid("to"))
        listed = node.child("list")
        for item in listed.all("item") if listed is not None else []:
            post = self._post_of(newsletter, item.get("server_id", ""))
            if post is not None:
                post.viewers.add(user.phone)

    # What a client asks

    def _info(self, user: User, variables: Json) -> Json:
        wanted = variables["input"]
        newsletter = self.find(wanted["key"])
        if wanted["type"] == "INVITE":
            newsletter = next((each for each in self.all.values() if each.invite == wanted["key"]), None)
        if newsletter is None:
            raise Refused(404)
        viewer = user if variables.get("fetch_viewer_metadata") else None
        return {"xwa2_newsletter": newsletter.metadata(viewer)}

    def _subscribed(self, user: User, variables: Json) -> Json:
        if "newsletter_id" in variables:
            return self._follow(user, variables)
        followed = [each.metadata(user) for each in self.all.values() if user.phone in each.roles]
        return {"xwa2_newsletter_subscribed": followed}

    def _create(self, user: User, variables: Json) -> Json:
        given = variables.get("newsletter_input") or variables["input"]
        newsletter = self.create(given["name"], user, given.get("description", ""))
        return {"xwa2_newsletter_create": newsletter.metadata(user)}

    def _follow(self, user: User, variables: Json) -> Json:
        newsletter = self._named(variables)
        self.follow(newsletter, user)
        return {"xwa2_newsletter_join_v2": newsletter.metadata(user)}

    def _unfollow(self, user: User, variables: Json) -> Json:
        newsletter = self._named(variables)
        self.unfollow(newsletter, user)
        return {"xwa2_newsletter_leave_v2": {"id": str(newsletter.jid)}}

    def _mute(self, user: User, variables: Json) -> Json:
        return self._set_mute(user, variables, muted=True)

    def _unmute(self, user: User, variables: Json) -> Json:
        return self._set_mute(user, variables, muted=False)

    def _set_mute(self, user: User, variables: Json, *, muted: bool) -> Json:
        newsletter = self._named(variables)
        self.mute(newsletter, user, muted=muted)
        return {"xwa2_newsletter_update": newsletter.metadata(None)}

    def _named(self, variables: Json) -> Newsletter:
        newsletter = self.find(str(variables["newsletter_id"]))
        if newsletter is None:
            raise Refused(404)
        return newsletter

    @refusing
    def _request(self, connection: Connection, request: Node) -> None:
        if not request.children:
            raise Refused(400)
        asked = request.children[0]
        jid = asked.jid("jid") if asked.get("jid") is not None else request.jid("to")
        newsletter = self.find(jid)
        if newsletter is None:
            raise Refused(404)
        user = connection.require_device().user
        count = int(asked.get("count", str(_DEFAULT_COUNT)))
        if asked.tag == "live_updates":
            newsletter.live[user.phone] = time.time() + _LIVE_SECONDS
            connection.result(request, [Node("live_updates", {"duration": str(_LIVE_SECONDS)})])
        elif asked.tag == "messages":
            posts = newsletter.page(count, before=int(asked.get("before", "0")))
            attrs = {"jid": newsletter.jid, "t": str(int(time.time()))}
            connection.result(request, [Node("messages", attrs, [post.node() for post in posts])])
        elif asked.tag == "message_updates":
            posts = newsletter.page(count, after=int(asked.get("after", "0")))
            content = [post.node(with_text=False) for post in posts]
            connection.result(request, [Node("message_updates", {}, [Node("messages", {}, content)])])
        else:
            raise Refused(400)

    # Telling followers

    def _publish(self, newsletter: Newsletter, post: Post) -> Post:
        for phone in list(newsletter.roles):
            user = self.world.directory.find(JID(phone))
            for device in list(user.devices.values()) if user is not None else []:
                node = post.node()
                node.attrs.update({"from": newsletter.jid})
                self.world.push(device, node)
        return post

    def _spread_live(self, newsletter: Newsletter, post: Post) -> None:
        for phone, until in newsletter.live.items():
            user = self.world.directory.find(JID(phone)) if until > time.time() else None
            for device in list(user.devices.values()) if user is not None else []:
                updates = Node("messages", {}, [post.node(with_text=False)])
                self._notify(device, "newsletter", newsletter.jid, Node("live_updates", {}, updates.children))

    def _tell(self, user: User, field: str, data: Json) -> None:
        body = json.dumps({"data": {field: data}}).encode()
        for device in list(user.devices.values()):
            self._notify(device, "mex", SERVER, Node("update", {"op_name": field}, body))

    def _notify(self, device: Any, kind: str, source: JID, content: Node) -> None:
        attrs = {"from": source, "type": kind, "id": secrets.token_hex(5).upper(), "t": str(int(time.time()))}
        self.world.push(device, Node("notification", attrs, [content]))

    @staticmethod
    def _post_of(newsletter: Newsletter | None, server_id: str) -> Post | None:
        if newsletter is None or not server_id.isdigit():
            return None
        return next((post for post in newsletter.posts if post.server_id == int(server_id)), None)
