"""Wire format of stored messages: the rows that this surface's clients know, and sums over them."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from gateway.domain.agents import session_id_of
from gateway.domain.ids import Address
from gateway.domain.instances import Instance
from gateway.domain.messages import ChatKind, MessageSource, Person
from gateway.domain.stored_messages import MessageCounts
from gateway.services.stored_messages import SeenMessage
from gateway.surfaces.http import iso

_LONGEST_KEEP = 36_500
"""Days: a hundred years."""


class StoredRow(Struct, frozen=True, kw_only=True):
    """A stored message. `message_id` is unique within its instance and chat, and `id` altogether."""

    id: str
    instance_id: str
    message_id: str
    chat_id: str
    from_number: str | None
    """Who wrote it: a phone number, or what else their network calls them."""
    to_number: str | None
    message_body: str
    message_type: str
    is_from_me: bool
    is_group: bool
    group_id: str | None
    contact_name: str | None
    agent_id: str | None
    """The agent that answers for the instance."""
    session_id: str | None
    """Under which session that agent remembers the chat."""
    message_source: MessageSource
    timestamp: str
    """When it was said, in milliseconds since 1970, as text."""
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, seen: SeenMessage) -> "StoredRow":
        stored, instance = seen.message, seen.instance
        message = stored.message
        chat = message.chat
        is_group = chat.kind is ChatKind.GROUP
        own, other = _own_number(instance), _number(chat.address)
        agent_id = _agent_of(instance)
        return cls(
            id=stored.id,
            instance_id=stored.instance_id,
            message_id=message.network_id,
            chat_id=chat.address,
            from_number=own if message.from_me else _number_of(message.sender),
            to_number=other if message.from_me or chat.kind is not ChatKind.PRIVATE else own,
            message_body=message.body,
            message_type=message.kind,
            is_from_me=message.from_me,
            is_group=is_group,
            group_id=chat.address if is_group else None,
            contact_name=(chat.title if message.from_me else message.sender.name) or None,
            agent_id=agent_id,
            session_id=session_id_of(agent_id, chat.address) if agent_id else None,
            message_source=stored.source,
            timestamp=str(int(message.sent_at.timestamp() * 1000)),
            created_at=iso(stored.created_at),
            updated_at=iso(stored.updated_at),
        )


class Window(Struct, frozen=True):
    """Which part of a list it is."""

    limit: int
    offset: int


class StoredPage(Struct, frozen=True):
    """Newest first. `count` is of this page."""

    success: bool
    data: list[StoredRow]
    count: int
    pagination: Window


class Counts(Struct, frozen=True, kw_only=True):
    """Sums over messages. Days, weeks (from Monday) and months are those of the usage calendar (USAGE_TIMEZONE)."""

    total_messages: int
    text_messages: int
    media_messages: int
    group_messages: int
    private_messages: int
    today_messages: int
    this_week_messages: int
    this_month_messages: int

    @classmethod
    def named(cls, counts: MessageCounts) -> dict[str, Any]:
        """The fields of this class."""
        return {
            "total_messages": counts.total,
            "text_messages": counts.text,
            "media_messages": counts.media,
            "group_messages": counts.group,
            "private_messages": counts.private,
            "today_messages": counts.today,
            "this_week_messages": counts.this_week,
            "this_month_messages": counts.this_month,
        }


class InstanceCounts(Counts, frozen=True, kw_only=True):
    """Sums over the messages of one instance, the first three under both names that clients look for."""

    all_messages: int = field(name="totalMessages")
    in_groups: int = field(name="groupMessages")
    in_private: int = field(name="privateMessages")

    @classmethod
    def of(cls, counts: MessageCounts) -> "InstanceCounts":
        return cls(**cls.named(counts), all_messages=counts.total, in_groups=counts.group, in_private=counts.private)


class InstanceCountsReply(Struct, frozen=True):
    """Sums over the messages of one instance."""

    success: bool
    data: InstanceCounts


class CleanupBody(Struct, frozen=True, rename="camel"):
    """What to keep."""

    days_to_keep: Annotated[int, Meta(ge=1, le=_LONGEST_KEEP, description="Days back from now.")] = 30


class Cleaned(Struct, frozen=True, rename="camel"):
    """What went."""

    deleted_count: int
    days_to_keep: int


class CleanupReply(Struct, frozen=True):
    """What went."""

    success: bool
    data: Cleaned
    message: str


def _agent_of(instance: Instance) -> str | None:
    agent = instance.options.agent
    agent_id = agent.get("agent_id")
    return agent_id if agent.get("enabled") is True and isinstance(agent_id, str) and agent_id else None


def _number_of(person: Person) -> str | None:
    return person.phone or _number(person.pn or person.address)


def _number(address: Address) -> str | None:
    """The part of an address that is a number; one that hides its number stays whole, or nobody could tell it."""
    if address.endswith("@lid"):
        return address
    return address.partition("@")[0] or None


def _own_number(instance: Instance) -> str | None:
    """Who the instance is on its network, as far as it was ever connected."""
    account = instance.account
    return account.lstrip("+").replace(" ", "") or None
