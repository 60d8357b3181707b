"""Stored messages across chats and instances: listed, counted, cleaned up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from piccolo.querystring import QueryString

from gateway.domain.ids import InstanceId
from gateway.domain.messages import ChatKind, MediaKind, StoredMessage
from gateway.domain.stored_messages import MessageChoice, MessageCounts, Periods
from gateway.domain.tenants import Principal
from gateway.storage import scope
from gateway.storage.messages import stored_of
from gateway.storage.tables import Messages
from gateway.storage.times import to_ms

_FROM = """
messages m JOIN instances i ON i.id = m.instance_id
LEFT JOIN chats c ON c.instance_id = m.instance_id AND c.address = m.chat"""

_NEWEST = "ORDER BY m.created_at DESC, m.id DESC LIMIT {}"
_CHOSEN = f"SELECT m.id, m.created_at FROM {_FROM} WHERE {{}} {_NEWEST}"  # noqa: S608 - names are ours
# Of one instance, each side for itself: there is an index for that, whose end is all that has to be looked at.
_SIDE = _CHOSEN.replace("WHERE {}", "WHERE {} AND m.from_me = {side}")
_BOTH_SIDES = " UNION ALL ".join(
    f"SELECT * FROM ({_SIDE.replace('{side}', side)}) AS {name}"  # noqa: S608 - names are ours
    for name, side in (("outgoing", "TRUE"), ("incoming", "FALSE"))
)
_PAGE = f"""
SELECT m.* FROM messages m JOIN (
  SELECT m.id FROM ({{chosen}}) AS m {_NEWEST} OFFSET {{}}
) AS shown ON shown.id = m.id
ORDER BY m.created_at DESC, m.id DESC"""  # noqa: S608 - names are ours
_PAGE_OF_ALL, _PAGE_OF_ONE = (_PAGE.replace("{chosen}", each) for each in (_CHOSEN, _BOTH_SIDES))

_GROUP = f"c.kind = '{ChatKind.GROUP.value}'"
_MEDIA = "m.kind IN ({})".format(", ".join(f"'{each.value}'" for each in MediaKind))


def _count_if(condition: str, name: str) -> str:
    return f"COALESCE(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END), 0) AS {name}"


_COUNTS = f"""
SELECT count(*) AS total,
  {_count_if("m.kind = 'text'", "text")},
  {_count_if(_MEDIA, "media")},
  {_count_if(_GROUP, "grouped")},
  {_count_if("m.created_at >= {}", "today")},
  {_count_if("m.created_at >= {}", "this_week")},
  {_count_if("m.created_at >= {}", "this_month")}
FROM {_FROM} WHERE {{}}"""  # noqa: S608 - names are ours


class StoredMessageStore:
    """Goes by when a message came, which for one from before the instance was linked is when it was said."""

    async def page(self, who: Principal, choice: MessageChoice, *, limit: int, skip: int) -> list[StoredMessage]:
        """Messages within reach, newest first."""
        of_one = choice.instance_id is not None and choice.chats is None
        chosen = [_where(who, choice), limit + skip]
        if of_one:
            rows = await Messages.raw(_PAGE_OF_ONE, *chosen, *chosen, limit, skip)
        else:
            rows = await Messages.raw(_PAGE_OF_ALL, *chosen, limit, skip)
        return [stored_of(row) for row in rows]

    async def counts(self, who: Principal, choice: MessageChoice, periods: Periods) -> MessageCounts:
        """How many there are within reach."""
        borders = [to_ms(each) for each in (periods.today, periods.week, periods.month)]
        [row] = await Messages.raw(_COUNTS, *borders, _where(who, choice))
        group = int(row.pop("grouped"))
        return MessageCounts(**{name: int(value) for name, value in row.items()}, group=group)

    async def clean(self, who: Principal, instance_id: InstanceId, before: datetime, limit: int) -> int:
        """Delete up to `limit` messages of an instance that came before a moment; how many went."""
        gone = await Messages.raw(
            "DELETE FROM messages WHERE id IN (SELECT m.id FROM messages m"
            " WHERE {} AND m.instance_id = {} AND m.created_at < {} LIMIT {}) RETURNING id",
            scope.predicate(who, Messages, "m"),
            instance_id,
            to_ms(before),
            limit,
        )
        return len(gone)


def _where(who: Principal, choice: MessageChoice) -> QueryString:
    conditions: list[tuple[str, Sequence[Any]]] = [("{}", [scope.predicate(who, Messages, "m")])]
    if choice.instance_id is not None:
        conditions.append(("m.instance_id = {}", [choice.instance_id]))
    if choice.label is not None:
        conditions.append(("i.label = {}", [choice.label]))
    if choice.provider is not None:
        conditions.append(("i.provider = {}", [choice.provider.value]))
    if choice.chats is not None:
        places = ", ".join(["{}"] * len(choice.chats))
        conditions.append((f"m.chat IN ({places})" if places else "1 = 0", sorted(choice.chats)))
    if choice.is_group is not None:
        conditions.append((f"COALESCE({_GROUP}, FALSE) = {{}}", [choice.is_group]))
    text = " AND ".join(condition for condition, _ in conditions)
    return QueryString(text, *(value for _, values in conditions for value in values))
