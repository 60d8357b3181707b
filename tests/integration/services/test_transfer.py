"""An instance leaves one gateway's database and arrives in another's, and only one of them may run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.errors import AlreadyExists, Conflict, InvalidInput
from gateway.domain.instances import Credentials
from gateway.kit.egress import Egress, EgressPolicy
from gateway.providers import make_providers
from gateway.services.principals import OPERATOR
from gateway.services.transfer import Transfer, owner_by, refuse_exported
from gateway.settings import Settings
from tests.integration.house import OURS, SHOP, House, open_house

WORDS = "twelve words nobody guesses"
OWNER = f"{OURS}@example.com"


async def exported(house: House, folder: Path) -> bytes:
    files: list[bytes] = []
    await house.storage.instances.set_credentials(SHOP, Credentials(values={"token": "1:x"}))
    await house.endpoint("hook")
    await transfer(house, folder).export(SHOP, WORDS, files.append)
    return files[0]


def transfer(house: House, folder: Path) -> Transfer:
    providers = make_providers(Settings(data_dir=folder), Egress(EgressPolicy()))
    return Transfer(house.storage, providers, house.clock)


async def test_an_instance_moves_with_its_secrets_and_is_not_started_where_it_was(
    database_url: str, tmp_path: Path
) -> None:
    async with open_house(database_url) as here:
        file = await exported(here, tmp_path / "here")
        left = await here.storage.instances.get(OPERATOR, SHOP)
        assert (left.wanted, left.state.code) == (False, "exported")
        assert SHOP not in {each.id for each in await here.storage.instances.wanted()}
        with pytest.raises(Conflict, match="release"):
            refuse_exported(left)
        with pytest.raises(Conflict):
            await transfer(here, tmp_path).export(SHOP, WORDS, lambda _: None)
    async with open_house(f"sqlite:///{tmp_path / 'there.db'}") as there:
        await there.storage.instances.delete(SHOP)
        owner = await owner_by(there.storage, email=OWNER, tenant=OURS)
        moved = transfer(there, tmp_path / "there")
        with pytest.raises(InvalidInput, match="passphrase is wrong"):
            await moved.import_(file, "another", owner)
        got = await moved.import_(file, WORDS, owner)
        assert (got.id, got.wanted) == (SHOP, True)
        assert (await there.storage.instances.credentials(SHOP)).values == {"token": "1:x"}
        [endpoint] = await there.storage.endpoints.list(OPERATOR, SHOP)
        assert await there.storage.endpoints.signing_secrets(endpoint.id, there.clock.now()) == ("a secret",)
        with pytest.raises(AlreadyExists):
            await moved.import_(file, WORDS, owner)


async def test_a_file_that_cannot_be_written_leaves_the_instance_as_it_was(database_url: str, tmp_path: Path) -> None:
    def no_room(_: bytes) -> None:
        raise InvalidInput("No space.")

    async with open_house(database_url) as house:
        with pytest.raises(InvalidInput):
            await transfer(house, tmp_path).export(SHOP, WORDS, no_room)
        assert (await house.storage.instances.get(OPERATOR, SHOP)).wanted


async def test_a_released_instance_may_be_started_again(database_url: str, tmp_path: Path) -> None:
    async with open_house(database_url) as house:
        await exported(house, tmp_path)
        await transfer(house, tmp_path).release(SHOP)
        refuse_exported(await house.storage.instances.get(OPERATOR, SHOP))
        with pytest.raises(Conflict):
            await transfer(house, tmp_path).release(SHOP)
