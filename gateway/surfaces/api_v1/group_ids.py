"""Groups as callers name them. An id that cannot be one is not there, rather than wrong."""

from __future__ import annotations

from gateway.domain.errors import InvalidInput, NotFound
from gateway.domain.ids import Address
from gateway.domain.instances import Instance, ProviderName
from gateway.domain.tenants import Principal
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import services

_WHATSAPP_GROUP = "@g.us"


async def group_of(request: AnyRequest, who: Principal, instance: Instance, text: str) -> Address:
    """The group that is meant, with or without WhatsApp's `@g.us`. Raises NotFound."""
    named = text.strip()
    if instance.provider is ProviderName.WHATSAPP:
        named = named if "@" in named else named + _WHATSAPP_GROUP
        if not named.lower().endswith(_WHATSAPP_GROUP):
            raise NotFound("Group not found")  # somebody's address: what is meant for a group must not reach them
    try:
        return await services(request).live.address(who, instance.id, named, "groupId")
    except InvalidInput:
        raise NotFound("Group not found") from None
