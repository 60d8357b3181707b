"""Wrong results: what comes twice, and what is never used."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

from tests.conftest import Until
from tests.e2e.shop import Shop, answer
from tests.process import ROOT
from tests.served import SHARED


@SHARED
async def test_what_is_asked_for_at_the_same_time_is_made_once(shop: Shop, until: Until) -> None:
    """8.28: many saves, limits and webhook settings at once leave one row each, and none of them fails."""
    base = f"/api/instances/{shop.id}"
    saved = await asyncio.gather(
        *(answer(shop.api.post(f"{base}/contacts/save", json={"number": "100200", "name": f"{n}"})) for n in range(12))
    )
    assert len({each["id"] for each in saved}) == 1
    assert (await answer(shop.api.get(f"{base}/contacts/db")))["pagination"]["total"] == 1
    limits = (answer(shop.api.put(f"{base}/usage-limits", json={"maxMessagesSent": 1000 + n})) for n in range(8))
    settings = (answer(shop.api.put(base, json={"webhookSettings": {"maxRetries": n}})) for n in range(8))
    await asyncio.gather(*limits, *settings)
    assert len((await answer(shop.api.get("/api/webhooks", params={"instanceId": shop.id})))["webhooks"]) == 1
    assert 1000 <= (await answer(shop.api.get(f"{base}/usage-limits")))["limits"]["maxMessagesSent"] < 1008
    sent = await asyncio.gather(*(shop.send(f"{number}") for number in range(8)))
    assert {each.status_code for each in sent} == {200}
    assert len({each.json()["id"] for each in sent}) == 8
    usage = (await answer(shop.api.get(f"/api/stats/instances/{shop.id}")))["usage"]
    assert (usage["messagesSent"], len(usage["dailyStats"])) == (8, 1)


@SHARED
async def test_an_instance_that_is_started_many_times_at_once_has_one_session(shop: Shop, until: Until) -> None:
    """8.28: starts at the same time replace each other, so that a message is heard once and answered by one."""
    path = f"/api/instances/{shop.id}"
    starts = [f"{path}/reconnect"] * 6 + [f"/api/whatsapp-simple/{shop.id}/init"] * 2
    await asyncio.gather(*(answer(shop.api.post(each)) for each in starts))
    await until(lambda: shop.is_in("connected"))
    for number in range(5):
        shop.writes(f"{number}")
    await until(lambda: len(shop.heard()) >= 5)
    await until(lambda: not shop.telegram.unconfirmed(shop.bot))
    assert shop.heard() == [f"{number}" for number in range(5)]
    assert [each["content"] for each in reversed(await shop.messages())] == [f"{number}" for number in range(5)]
    metrics = (await shop.api.get("/metrics")).text
    assert 'gateway_sessions{state="connected"} 1.0' in metrics
    assert await shop.is_in("connected"), "two sessions of one bot would throw each other out"


def imported_by(file: Path) -> set[str]:
    """Every module that a file names in an import, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("gateway."):
            names.add(node.value)  # what is started as a module of its own, or loaded by its name
    return names


def unused(root: Path) -> set[str]:
    """The modules under `root/gateway` that nothing reaches from its command line, a migration or the client."""
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (root / "gateway").rglob("*.py")
    }
    reached: set[str] = set()
    todo = [
        "gateway.__main__",
        "gateway.client",
        *(name for path in (root / "migrations").glob("*.py") for name in imported_by(path)),
    ]
    while todo:
        name = todo.pop()
        if name in reached or name not in files:
            continue
        reached.add(name)
        parents = [name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1)]
        todo += [*parents, *imported_by(files[name])]
    return files.keys() - reached


def test_no_module_is_without_use(tmp_path: Path) -> None:
    """8.31: every module is reached from the command line, a migration or the client; none is left over."""
    assert unused(ROOT) == set()
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "__init__.py").write_text("")
    (tmp_path / "gateway" / "__main__.py").write_text("def main():\n    from gateway import used\n")
    (tmp_path / "gateway" / "used.py").write_text("")
    (tmp_path / "gateway" / "left_over.py").write_text("import gateway.used\n")
    assert unused(tmp_path) == {"gateway.left_over"}
