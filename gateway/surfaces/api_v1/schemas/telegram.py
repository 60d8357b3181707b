"""Wire format of a Telegram instance: how it is, who it is, whom it knows, what was said."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.domain.groups import Group
from gateway.domain.instances import Instance, ProviderName
from gateway.domain.messages import ChatKind, StoredMessage
from gateway.surfaces.api_v1.words import LifeCycle, life_cycle_of
from gateway.surfaces.http import iso, maybe_iso


class BotHealth(Struct, frozen=True):
    """Whether it is well; `error` says why not."""

    status: Literal["healthy", "unhealthy"]
    provider: ProviderName
    timestamp: str
    error: str | UnsetType = UNSET


class BotInfo(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Who the bot is."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    is_bot: bool | UnsetType = UNSET

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "BotInfo":
        """From what Telegram tells of a user."""
        return cls(
            id=told["id"],
            first_name=told["first_name"],
            last_name=told.get("last_name"),
            username=told.get("username"),
            is_bot=told["is_bot"],
        )


class BotStatus(Struct, frozen=True):
    """Where its session stands. `info` is told to whoever comes with its key."""

    provider: ProviderName
    status: Literal["connected", "disconnected", "error"]
    state: Literal["READY", "DISCONNECTED", "ERROR"]
    info: BotInfo | UnsetType = UNSET

    @classmethod
    def of(cls, instance: Instance, told: Mapping[str, Any] | None) -> "BotStatus":
        match life_cycle_of(instance.state.kind, flows=instance.flows):
            case LifeCycle.CLIENT_READY:
                info = BotInfo.of(told) if told else UNSET
                return cls(instance.provider, "connected", "READY", info)
            case LifeCycle.ERROR:
                return cls(instance.provider, "error", "ERROR")
            case _:
                return cls(instance.provider, "disconnected", "DISCONNECTED")


class Account(Struct, frozen=True):
    """Who an instance is on its network, as people write it, and since when it is here."""

    account: str | None
    provider: ProviderName
    created_at: str
    updated_at: str


class AccountReply(Struct, frozen=True):
    """An instance's account."""

    success: bool
    data: Account

    @classmethod
    def of(cls, instance: Instance) -> "AccountReply":
        account = Account(
            instance.account or None, instance.provider, iso(instance.created_at), iso(instance.updated_at)
        )
        return cls(True, account)


class MessageItem(Struct, frozen=True, rename="camel"):
    """A message of one chat."""

    id: str
    body: str
    from_me: bool
    timestamp: str
    contact: str
    type: str

    @classmethod
    def of(cls, stored: StoredMessage) -> "MessageItem":
        said = stored.message
        return cls(said.network_id, said.body, said.from_me, iso(said.sent_at), _name(stored), said.kind)


class RecentItem(
    Struct,
    frozen=True,
    kw_only=True,
    rename={"chat_id": "chatId", "sender": "from", "is_from_me": "isFromMe", "is_group": "isGroup"},
):
    """A message of any chat."""

    id: str
    chat_id: str
    sender: str
    body: str
    type: str
    timestamp: str
    is_from_me: bool
    is_group: bool

    @classmethod
    def of(cls, stored: StoredMessage) -> "RecentItem":
        said = stored.message
        return cls(
            id=said.network_id,
            chat_id=said.chat.address,
            sender=_name(stored),
            body=said.body,
            type=said.kind,
            timestamp=iso(said.sent_at),
            is_from_me=said.from_me,
            is_group=said.chat.kind is not ChatKind.PRIVATE,
        )


class RecentMessages(Struct, frozen=True):
    """The last messages, newest first."""

    success: bool
    count: int
    messages: list[RecentItem]


class RecentUpdates(Struct, frozen=True):
    """The last messages that came, newest first."""

    success: bool
    count: int
    updates: list[RecentItem]


class GroupItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A group, supergroup or channel."""

    id: str
    name: str
    description: str
    participants: Annotated[list[str], Meta(description="Always empty: bots are not told who is in a group.")] = []
    created_at: Annotated[str | None, Meta(description="When the gateway first saw it; Telegram does not tell.")]
    provider: ProviderName
    type: Annotated[str, Meta(examples=["supergroup"])]
    member_count: int

    @classmethod
    def of(cls, group: Group, provider: ProviderName, seen_at: datetime | None) -> "GroupItem":
        return cls(
            id=group.address,
            name=group.subject,
            description=group.description,
            created_at=maybe_iso(group.created_at or seen_at),
            provider=provider,
            type=group.network_kind or "group",
            member_count=group.size,
        )


class PollingReply(Struct, frozen=True):
    """Polling was switched."""

    success: bool
    message: str
    status: Literal["polling_active", "polling_inactive"]


class PollingStatus(Struct, frozen=True):
    """Whether the bot polls right now."""

    polling_active: bool
    status: Literal["receiving_messages", "polling_inactive"]
    message: str


def _name(stored: StoredMessage) -> str:
    sender = stored.message.sender
    return sender.name or sender.username or sender.address
