"""Fixtures: a simulated WhatsApp in a process of its own, and a real client linked to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.simulators_whatsapp.linked_client import LinkedClient, linked_client
from tests.integration.simulators_whatsapp.network import PEOPLE, Linked, Network
from tests.simulators.whatsapp.remote import whatsapp_process


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    """A few people; at the end of every test nothing may have happened that should not."""
    async with whatsapp_process() as whatsapp:
        for phone, name in PEOPLE.items():
            await whatsapp.add_person(phone, name)
        yield Network(whatsapp)
        assert await whatsapp.problems() == []


@pytest.fixture
async def client(network: Network, tmp_path: Path) -> AsyncIterator[LinkedClient]:
    """A real neonize, not linked yet."""
    whatsapp = network.features
    async with linked_client(tmp_path, whatsapp.proxy_url, whatsapp.environment()) as started:
        yield started


@pytest.fixture
async def linked(network: Network, client: LinkedClient) -> Linked:
    """A real neonize, linked to our number and connected."""
    await network.link(client)
    return Linked(client, network)
