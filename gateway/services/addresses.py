"""Addresses as callers write them, turned into the one form under which everything is stored."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.ids import Address
from gateway.domain.instances import Instance, ProviderName
from gateway.providers.contract import Provider, WritesAddresses
from gateway.storage.storage import Storage


class Addresses:
    """First the provider's own spelling, then what the address book knows: one person, one address."""

    def __init__(self, storage: Storage, providers: Mapping[ProviderName, Provider]) -> None:
        self._storage = storage
        self._providers = providers

    async def of(self, instance: Instance, text: str) -> Address:
        """The canonical address. Raises InvalidInput for what cannot be one on this network."""
        provider = self._providers[instance.provider]
        written = provider.address_of(text) if isinstance(provider, WritesAddresses) else Address(text)
        return await self._storage.contacts.canonical(instance.id, written)
