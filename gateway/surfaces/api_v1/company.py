"""`/api/v1/company/{companyId}`: what is under one `company_id`, which is a label and opens nothing."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import Instance, ProviderName
from gateway.domain.stored_messages import MessageChoice
from gateway.services.checks import require_person
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.field_errors import FIELD_ERRORS
from gateway.surfaces.api_v1.instances import listed
from gateway.surfaces.api_v1.rates import COMPANY
from gateway.surfaces.api_v1.schemas.company import (
    CompanyCounts,
    CompanyCountsReply,
    CompanyInstances,
    CompanyMessages,
    InstanceFilters,
    MessageFilters,
    RecentMessages,
)
from gateway.surfaces.api_v1.schemas.stored_messages import StoredRow, Window
from gateway.surfaces.api_v1.shared import AnyRequest, Limit, Provider
from gateway.surfaces.api_v1.stored_messages import ChatId, IsGroup, Offset
from gateway.surfaces.api_v1.words import AuthStatus, auth_status_of, provider_of
from gateway.surfaces.http import Who, services

Few = Annotated[int, QueryParameter(ge=1, le=100, description="How many at most, newest first.")]
Status = Annotated[
    str | None, QueryParameter(name="auth_status", description="Only instances whose login stands there.")
]
_REFUSALS = refusals(400, 403)
_LOGGED_IN = "authenticated"
"""What an older version called `client_ready`."""


@get(
    "/{company_id:str}/messages",
    opt=COMPANY,
    summary="Stored messages of a company",
    responses=_REFUSALS,
    exception_handlers=FIELD_ERRORS,
)
async def messages(
    request: AnyRequest,
    who: Who,
    company_id: FromPath[str],
    chat_id: ChatId = None,
    limit: Limit = 50,
    offset: Offset = 0,
    is_group: IsGroup = None,
    provider: Provider = None,
) -> CompanyMessages:
    """What was said on all its instances, newest first."""
    require_person(who)
    choice = MessageChoice(label=company_id, provider=_network(provider), is_group=is_group)
    seen = await services(request).stored_messages.page(who, choice, chat=chat_id, limit=limit, skip=offset)
    rows = [StoredRow.of(each) for each in seen]
    filters = MessageFilters(company_id=company_id, chat_id=chat_id, is_group=is_group, provider=provider)
    return CompanyMessages(True, rows, len(rows), Window(limit, offset), filters)


@get(
    "/{company_id:str}/messages/stats",
    opt=COMPANY,
    summary="Sums over a company's messages",
    responses=_REFUSALS,
    exception_handlers=FIELD_ERRORS,
)
async def message_stats(request: AnyRequest, who: Who, company_id: FromPath[str]) -> CompanyCountsReply:
    """How much was said on all its instances, where and when."""
    require_person(who)
    given = services(request)
    counts = await given.stored_messages.counts(who, MessageChoice(label=company_id))
    instances = sum(each.label == company_id for each in await given.instances.list(who))
    return CompanyCountsReply(True, CompanyCounts.of(counts, instances), company_id)


@get(
    "/{company_id:str}/messages/recent",
    opt=COMPANY,
    summary="A company's latest messages",
    responses=_REFUSALS,
    exception_handlers=FIELD_ERRORS,
)
async def recent_messages(
    request: AnyRequest, who: Who, company_id: FromPath[str], limit: Few = 20, provider: Provider = None
) -> RecentMessages:
    """What was said last on any of its instances."""
    require_person(who)
    choice = MessageChoice(label=company_id, provider=_network(provider))
    seen = await services(request).stored_messages.page(who, choice, limit=limit, skip=0)
    rows = [StoredRow.of(each) for each in seen]
    return RecentMessages(
        success=True, data=rows, count=len(rows), company_id=company_id, limit=limit, provider=provider
    )


@get(
    "/{company_id:str}/instances",
    opt=COMPANY,
    summary="A company's instances",
    responses=_REFUSALS,
    exception_handlers=FIELD_ERRORS,
)
async def company_instances(
    request: AnyRequest,
    who: Who,
    company_id: FromPath[str],
    provider: Provider = None,
    auth_status: Status = None,
) -> CompanyInstances:
    """Its instances, oldest first, with their row as in the manager's list."""
    require_person(who)
    network, status = _network(provider), _status(auth_status)

    def chosen(instance: Instance) -> bool:
        return (
            instance.label == company_id
            and (network is None or instance.provider is network)
            and (status is None or auth_status_of(instance) is status)
        )

    found = (await listed(request, who, chosen)).instances
    filters = InstanceFilters(company_id=company_id, provider=provider, auth_status=auth_status)
    return CompanyInstances(True, found, len(found), company_id, filters)


def _network(word: str | None) -> ProviderName | None:
    return None if word is None else provider_of(word)


def _status(word: str | None) -> AuthStatus | None:
    if word is None:
        return None
    known = {each.value: each for each in AuthStatus} | {_LOGGED_IN: AuthStatus.CLIENT_READY}
    if word not in known:
        raise InvalidInput(f"auth_status must be one of {', '.join(known)}", field="auth_status")
    return known[word]


HANDLERS = [messages, message_stats, recent_messages, company_instances]
