"""`/api/v1`: whom one instance knows, where it talks, and what was said there. Lists are bare arrays."""

from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, QueryParameter

from gateway.domain.errors import InvalidInput, NotFound
from gateway.domain.ids import Address, InstanceId
from gateway.domain.tenants import Principal
from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.refusals import require_ready
from gateway.surfaces.api_v1.schemas.chats import ChatItem, ContactItem, MessageItem
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who, services

MOST_CHATS = 1000
DEFAULT_MESSAGES = 10
_LIST = refusals(400, 404)
_ASK = refusals(400, 404, 502, 504)

Query = Annotated[
    str | None,
    QueryParameter(name="query", max_length=255, description="Required: words in a name, or part of a number."),
]
MessageLimit = Annotated[int, QueryParameter(ge=1, le=1000, description="The last so many.")]
ChatLimit = Annotated[int, QueryParameter(ge=1, le=MOST_CHATS, description="The latest so many.")]


def words_of(asked: str | None) -> str:
    """What to search for. Raises InvalidInput when that is nothing."""
    if not (asked or "").strip():
        raise InvalidInput("Search query is required", field="query")
    return str(asked).strip()


@get("/contacts", summary="Whom it knows", responses=_LIST)
async def contacts(request: AnyRequest, who: Who, instance: OneInstance) -> list[ContactItem]:
    """Everybody in the phone's address book and everybody met, by name; no groups, and not the instance itself."""
    require_ready(instance)
    return await _people(request, who, instance.id, "")


@get("/contacts/search", summary="Find somebody", responses=_LIST)
async def search(request: AnyRequest, who: Who, instance: OneInstance, asked: Query = None) -> list[ContactItem]:
    """Those with these words in a name or number, whatever the case."""
    words = words_of(asked)
    require_ready(instance)
    return await _people(request, who, instance.id, words)


async def _people(request: AnyRequest, who: Principal, instance_id: InstanceId, words: str) -> list[ContactItem]:
    found = await services(request).contacts.people(who, instance_id, search=words)
    # Somebody whose number WhatsApp hides cannot be listed by number.
    return [item for each in found if (item := ContactItem.of(each)).number]


@get("/chats", summary="Where it talks", responses=_LIST)
async def chats(request: AnyRequest, who: Who, instance: OneInstance, limit: ChatLimit = MOST_CHATS) -> list[ChatItem]:
    """Conversations the instance has seen, the one that moved last first."""
    require_ready(instance)
    found, _ = await services(request).contacts.previews(who, instance.id, limit=limit)
    return [ChatItem.of(each) for each in found]


@get("/messages/{number:str}", summary="What was said with somebody", responses=_ASK)
async def messages(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    number: FromPath[str],
    limit: MessageLimit = DEFAULT_MESSAGES,
) -> list[MessageItem]:
    """The last messages of a chat, oldest first. 404 when the number is not on the network."""
    require_ready(instance)
    given = services(request)
    try:
        chat = await given.live.address(who, instance.id, number)
    except InvalidInput as refusal:
        raise NotFound(refusal.sentence) from None
    found = await last_messages(request, who, instance.id, chat, limit)
    if not found and not await given.people.is_there(who, instance.id, number):
        raise NotFound(f"{number} is not registered on this network")
    return found


async def last_messages(
    request: AnyRequest, who: Principal, instance_id: InstanceId, chat: Address, limit: int
) -> list[MessageItem]:
    """The last messages of a chat, oldest first, as the library of these clients has them."""
    found, _ = await services(request).contacts.messages(
        who, instance_id, chat, since=None, until=None, limit=limit, skip=0
    )
    return [MessageItem.of(each) for each in reversed(found)]


HANDLERS: list[Any] = [contacts, search, chats, messages]
