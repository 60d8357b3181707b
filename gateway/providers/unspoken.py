"""Networks that instances are kept of and that this version does not speak.

Clients of an older system make such instances. They are stored with their sealed configuration, say plainly that they
do nothing, and start like any other in the first version that speaks their network.

What a configuration must hold is what the network's own API asks of a program (names as in its console, in camelCase or
snake_case); everything else that is known is kept along, and unknown names are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn

from msgspec import Struct

from gateway.domain.errors import InvalidInput, NotConnected
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Credentials, ProviderName
from gateway.domain.messages import OutgoingMessage
from gateway.providers.contract import BadCredentials, SessionContext

CODE: Final = "network_not_supported"
_LONGEST: Final = 4096
"""Characters of one value. Long-lived tokens of the Graph API have some 200."""


class _Network(Struct, frozen=True, kw_only=True):
    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


NETWORKS: Final[Mapping[ProviderName, _Network]] = MappingProxyType(
    {
        ProviderName.WHATSAPP_CLOUD: _Network(
            title="WhatsApp Cloud API",
            required=("phone_number_id", "access_token"),
            optional=("webhook_verify_token", "business_account_id", "app_secret", "version", "api_version"),
        ),
        ProviderName.MESSENGER: _Network(
            title="Facebook Messenger",
            required=("page_access_token", "app_secret"),
            optional=("webhook_verify_token", "page_id", "version", "api_version"),
        ),
        ProviderName.INSTAGRAM: _Network(
            title="Instagram",
            required=("access_token", "instagram_user_id"),
            optional=("app_secret", "webhook_verify_token"),
        ),
        ProviderName.SLACK: _Network(
            title="Slack",
            required=("bot_token", "signing_secret"),
            optional=("app_token", "socket_mode", "team_id", "webhook_url"),
        ),
        ProviderName.DISCORD: _Network(
            title="Discord",
            required=("bot_token", "client_id"),
            optional=("guild_id", "application_id"),
        ),
    }
)


class UnspokenProvider:
    """Keeps instances of one of `NETWORKS`."""

    def __init__(self, name: ProviderName) -> None:
        self.name = name
        self._network = NETWORKS[name]

    def check(self, config: Mapping[str, object]) -> Credentials:
        """The configuration, under snake_case names. Raises InvalidInput naming the field."""
        values: dict[str, str | int | bool | None] = {}
        for field in (*self._network.required, *self._network.optional):
            value = config.get(field, config.get(_camel(field)))
            if value is None or value == "":
                if field in self._network.required:
                    raise InvalidInput(f"For {self.name.value} provider, {field} is required", field=field)
                continue
            if not isinstance(value, str | int) or len(str(value)) > _LONGEST:
                raise InvalidInput(f"{field} must be a text of at most {_LONGEST} characters", field=field)
            values[field] = value
        return Credentials(values=values)

    def open(self, context: SessionContext) -> _UnspokenSession:
        """A session that ends as `failed` with code `network_not_supported`."""
        return _UnspokenSession(context.instance.id, self._network.title)

    async def aclose(self) -> None:
        """Nothing is shared."""


class _UnspokenSession:
    def __init__(self, instance_id: InstanceId, title: str) -> None:
        self._instance_id = instance_id
        self._sentence = (
            f"This version does not speak to {title}: the instance is kept as it was configured, and does nothing."
        )

    async def run(self) -> NoReturn:
        raise BadCredentials(CODE, self._sentence)

    async def send(self, message: OutgoingMessage) -> NoReturn:
        del message
        raise NotConnected(self._instance_id)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
