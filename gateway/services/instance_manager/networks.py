"""The networks of that system that are spoken here: what their instances need, and how their addresses are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.instances import Credentials, ProviderName
from gateway.domain.messages import ChatKind
from gateway.providers.contract import Provider, WritesAddresses
from gateway.services.importing.content import AddressOf, kind_of_chat
from gateway.services.importing.row import OddRow, OldRow, printable

PROVIDERS: Final[Mapping[str, ProviderName]] = MappingProxyType(
    {"whatsappweb": ProviderName.WHATSAPP, "whatsapp": ProviderName.WHATSAPP, "telegram": ProviderName.TELEGRAM}
)
"""By the words of its `provider` column; `whatsapp` is the oldest version's."""

_SECRETS: Final[Mapping[ProviderName, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {ProviderName.WHATSAPP: {}, ProviderName.TELEGRAM: {"token": ("token", "bot_token")}}
)
"""Which columns, the first that holds anything, are which field of our configuration."""

_CHAT_ID: Final = re.compile(r"-?[0-9]{1,20}")


class Network(Struct, frozen=True, kw_only=True):
    """One of them."""

    name: ProviderName
    check: Callable[[Mapping[str, object]], Credentials]
    address_of: AddressOf

    @property
    def title(self) -> str:
        """As people write it."""
        return "WhatsApp" if self.name is ProviderName.WHATSAPP else self.name.value.capitalize()

    def kind_of(self, address: Address, *, is_group: bool) -> ChatKind:
        """WhatsApp's addresses say it themselves; elsewhere that system's word counts."""
        if self.name is ProviderName.WHATSAPP:
            return kind_of_chat(address)
        return ChatKind.GROUP if is_group or address.startswith("-") else ChatKind.PRIVATE

    def credentials_of(self, row: OldRow) -> Credentials:
        """What its session needs. Raises OddRow, which quotes no value."""
        config = {
            field: text
            for field, columns in _SECRETS[self.name].items()
            if (text := next((text for column in columns if (text := row.text(column).strip())), ""))
        }
        try:
            return self.check(config)
        except InvalidInput as refusal:
            raise OddRow(refusal.sentence) from None


def networks_of(providers: Mapping[ProviderName, Provider]) -> dict[ProviderName, Network]:
    """Those of that system among the providers of this gateway."""
    return {
        name: Network(
            name=name,
            check=provider.check,
            address_of=provider.address_of if isinstance(provider, WritesAddresses) else _chat_id,
        )
        for name, provider in providers.items()
        if name in _SECRETS
    }


def network_of(row: OldRow, default: str, networks: Mapping[ProviderName, Network]) -> Network:
    """The network of an instance; `default` is its table's. Raises OddRow for one that is not spoken here."""
    word = row.text("provider").strip().lower().replace("_", "-") or default
    name = PROVIDERS.get(word)
    if name is None or name not in networks:
        raise OddRow(f"This gateway has no provider {printable(word)}.")
    return networks[name]


def _chat_id(text: str) -> Address:
    if _CHAT_ID.fullmatch(text) is None:
        raise InvalidInput("A chat is named by its number.", field="to")
    return Address(text)
