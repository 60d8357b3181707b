"""Every group there is, and what people do with it: each act changes the group and tells its members' devices."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Mapping

from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.group_news import GroupNews
from tests.simulators.whatsapp.group_requests import GroupRequests
from tests.simulators.whatsapp.group_state import ADMIN, MEMBER, OWNER, Description, Group, GroupSettings
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.refusals import Handler
from tests.simulators.whatsapp.world import Feature, World


class Groups(Feature):
    """Groups by id."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.all: dict[str, Group] = {}
        self.closed_to_strangers: set[str] = set()  # phone numbers that may only be invited, not added
        self.news = GroupNews(world)
        self.iq: Mapping[str, Handler] = {"w:g2": GroupRequests(self).handle}

    def create(
        self,
        subject: str,
        creator: User,
        members: list[User],
        *,
        settings: GroupSettings | None = None,
        key: str | None = None,
        quiet: bool = False,
    ) -> Group:
        """A new group; `quiet` for one that exists already when the story starts."""
        number = f"120363{random.randrange(10**11, 10**12)}"
        group = Group(number, subject, creator, settings=settings or GroupSettings())
        group.admit(creator, OWNER)
        for user in members:
            if not group.has(user):
                group.admit(user)
        self.all[group.id] = group
        if not quiet:
            self.news.created(group, creator, key)
        return group

    def may_be_added(self, user: User) -> bool:
        """Others must be invited and come by themselves."""
        return user.phone not in self.closed_to_strangers

    def find(self, jid: JID | str) -> Group | None:
        return self.all.get(jid.user if isinstance(jid, JID) else jid.partition("@")[0])

    def add(self, group: Group, by: User, people: list[User], reason: str | None = None) -> None:
        for user in people:
            group.admit(user)
        self.news.joined(group, by, people, reason)

    def remove(self, group: Group, by: User, people: list[User]) -> None:
        self.news.left(group, by, people)
        for user in people:
            group.expel(user)

    def rank(self, group: Group, by: User, people: list[User], change: str) -> None:
        for user in people:
            group.ranks[user.phone] = ADMIN if change == "promote" else MEMBER
        self.news.ranked(group, by, people, change)

    def rename(self, group: Group, by: User, subject: str) -> None:
        group.subject, group.subject_by, group.subject_at = subject, by, int(time.time())
        self.news.renamed(group, by)

    def describe(self, group: Group, by: User, text: str, version: str | None = None) -> None:
        version = version or secrets.token_hex(10).upper()
        group.description = Description(version, text, by, int(time.time())) if text else None
        self.news.described(group, by, version)

    def switch(self, group: Group, by: User, tag: str) -> None:
        """`tag` is announcement, not_announcement, locked or unlocked."""
        if tag.endswith("announcement"):
            group.settings.announcement = tag == "announcement"
        else:
            group.settings.locked = tag == "locked"
        self.news.set(group, by, tag)

    def renew_invite(self, group: Group, by: User) -> str:
        code = group.renew_invite()
        self.news.invite_renewed(group, by)
        return code
