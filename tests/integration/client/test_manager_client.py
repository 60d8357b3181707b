"""`ManagerClient` against a running gateway on each database."""

from __future__ import annotations

import pytest

from gateway.client import Conflict, InvalidRequest, ManagerClient, NotFound
from tests.conftest import Until
from tests.served import SHARED, Served

pytestmark = SHARED
NOBODY = "00000000-0000-4000-8000-000000000000"


async def test_an_instance_is_made_listed_processed_stopped_and_deleted(
    manager: ManagerClient, served: Served, until: Until
) -> None:
    made = await manager.create("acme", "telegram", token=served.telegram.add_bot().token, type_instance=["api", "mcp"])
    assert made.api_key == made.instance_id
    assert made.process_result.action == "create"

    async def ready() -> bool:
        return (await manager.auth_status(made.instance_id)).is_ready_for_messages

    await until(ready)
    (listed,) = await manager.list(company_id="acme", provider="telegram")
    assert (listed.id, listed.type_instance, listed.company_id) == (made.instance_id, ["api", "mcp"], "acme")
    assert await manager.list(company_id="globex") == []
    assert (await manager.get(made.instance_id)).memory_status == "client_ready"
    assert (await manager.process(made.instance_id)).action == "no_change"

    await manager.stop(made.instance_id)
    assert (await manager.get(made.instance_id)).status == "stopped"
    await manager.start(made.instance_id)
    await manager.restart(made.instance_id)
    await until(ready)
    assert (await manager.process(made.instance_id, force_recreate=True)).action == "recreate"

    assert (await manager.api_key(made.instance_id)).api_key == made.instance_id
    with pytest.raises(Conflict):
        await manager.rotate_api_key(made.instance_id)
    with pytest.raises(NotFound):
        await manager.qr(made.instance_id)
    assert len(await manager.logs(made.instance_id, tail=1)) == 1
    await manager.delete(made.instance_id)
    with pytest.raises(NotFound) as gone:
        await manager.get(made.instance_id)
    assert gone.value.code == "INSTANCE_NOT_FOUND"


async def test_refusals_name_their_culprit(manager: ManagerClient) -> None:
    with pytest.raises(InvalidRequest) as raised:
        await manager.create("acme", "carrier-pigeon")
    assert (raised.value.status, raised.value.field) == (400, "provider")
    with pytest.raises(NotFound):
        await manager.process(NOBODY)
