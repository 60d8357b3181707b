"""Chats as a list shows them: the best name, what was said last, and how much of it nobody has answered."""

from __future__ import annotations

from typing import Any

from piccolo.querystring import QueryString

from gateway.domain.contacts import ChatPreview
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import ChatKind
from gateway.storage.tables import Chats
from gateway.storage.times import maybe_from_ms

MOST_UNANSWERED = 100
"""How far back the answers are looked for: a group may be read for years and never answered."""
_STATUSES = "%@broadcast"
"""Where WhatsApp shows statuses and keeps broadcast lists: no conversations."""

_AMONG = "WHERE {} AND c.instance_id = {} AND c.address NOT LIKE {}"
_COUNT = f"SELECT COUNT(*) AS chats FROM chats c {_AMONG}"  # noqa: S608 - both parts are ours
# One look into the index of each chat's history; never the whole history of a chat, let alone of the instance.
_SELECT = f"""SELECT c.address, c.kind, c.title, c.last_message_at,
  p.name, p.book_name, p.push_name, p.number,
  (SELECT m.text FROM messages m WHERE m.instance_id = c.instance_id AND m.chat = c.address
    ORDER BY m.created_at DESC, m.id DESC LIMIT 1) AS last_words,
  (SELECT COUNT(*) FROM (
    SELECT SUM(CASE WHEN r.from_me THEN 1 ELSE 0 END) OVER (ORDER BY r.created_at DESC, r.id DESC) AS ours
    FROM (SELECT n.from_me, n.created_at, n.id FROM messages n
      WHERE n.instance_id = c.instance_id AND n.chat = c.address
      ORDER BY n.created_at DESC, n.id DESC LIMIT {{}}) r) s
    WHERE s.ours = 0) AS unanswered
FROM chats c LEFT JOIN contacts p ON p.instance_id = c.instance_id AND p.address = c.address
{_AMONG}
ORDER BY COALESCE(c.last_message_at, 0) DESC, c.address LIMIT {{}} OFFSET {{}}"""  # noqa: S608 - both parts are ours


async def chat_previews(
    within: QueryString, instance_id: InstanceId, *, limit: int, skip: int
) -> tuple[list[ChatPreview], int]:
    """The chats of an instance, the one that moved last first, and how many there are. `within` is the scope's predicate
    on chats as `c`.
    """
    rows = await Chats.raw(_SELECT, MOST_UNANSWERED, within, instance_id, _STATUSES, limit, skip)
    (counted,) = await Chats.raw(_COUNT, within, instance_id, _STATUSES)
    return [_preview(row) for row in rows], counted["chats"]


def _preview(row: dict[str, Any]) -> ChatPreview:
    names = (row["name"], row["book_name"], row["title"], row["push_name"], row["number"])
    return ChatPreview(
        address=Address(row["address"]),
        kind=ChatKind(row["kind"]),
        name=next((each for each in names if each), ""),
        last_message_at=maybe_from_ms(row["last_message_at"]),
        last_words=row["last_words"] or "",
        unanswered=int(row["unanswered"]),
    )
