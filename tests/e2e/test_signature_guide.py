"""The code that docs/guides/verify-signatures.md gives to receivers, run against what the gateway really sends."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
import shutil
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tests.process import ROOT
from tests.running import running_gateway
from tests.simulators.receiver import Received, Receiver
from tests.simulators.telegram import TelegramSimulator

GUIDE = (ROOT / "docs" / "guides" / "verify-signatures.md").read_text(encoding="utf-8")
FIRST = "a secret of ours and yours"
_NODE = """
const cases = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const answers = cases.map((one) => FUNCTION(one.secret, one.headers, Buffer.from(one.body, "base64")));
process.stdout.write(JSON.stringify(answers));
"""


class Case(Struct, frozen=True):
    """One question to the guide's code, and what it has to say."""

    what: str
    secret: str
    headers: dict[str, str]
    body: bytes
    right: bool


Verify = Callable[[str, list[Case]], Awaitable[list[bool]]]


def block(language: str, name: str) -> str:
    found = re.findall(rf"^```{language} {name}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


async def by_python(name: str, cases: list[Case]) -> list[bool]:
    space: dict[str, Any] = {}
    exec(compile(block("python", name), "verify-signatures.md", "exec"), space)
    function = space[name if name == "verify" else "verify_legacy"]
    return [function(case.secret, case.headers, case.body) for case in cases]


async def by_node(name: str, cases: list[Case]) -> list[bool]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    script = block("js", name) + _NODE.replace("FUNCTION", "verify" if name == "verify" else "verifyLegacy")
    asked = [
        {"secret": case.secret, "headers": case.headers, "body": base64.b64encode(case.body).decode()} for case in cases
    ]
    node = await asyncio.create_subprocess_exec("node", "-e", script, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    out, err = await node.communicate(json.dumps(asked).encode())
    assert node.returncode == 0, err.decode()
    answers: list[bool] = json.loads(out)
    return answers


def signed_by_hand(headers: dict[str, str], body: bytes) -> str:
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(FIRST.encode(), signed, "sha256")).decode()


async def deliveries(tmp_path: Path) -> tuple[list[Received], dict[str, str]]:
    """One delivery under the first secret and one while it is being rotated, and the new secret in both spellings."""
    async with (
        TelegramSimulator() as telegram,
        Receiver() as receiver,
        running_gateway(tmp_path, f"sqlite:///{tmp_path / 'g.db'}", TELEGRAM_API_BASE=telegram.base_url) as gateway,
        gateway.client() as http,
    ):
        bot, ann = telegram.add_bot(), telegram.add_person("Ännchen")
        made = await http.post(
            "/api/instances",
            json={
                "name": "shop",
                "provider": "telegram",
                "token": bot.token,
                "webhookUrl": receiver.url("/hook"),
                "webhookSecret": FIRST,
            },
        )
        webhooks = (await http.get("/api/webhooks", params={"instanceId": made.json()["id"]})).json()["webhooks"]

        def messages() -> list[Received]:
            return [each for each in receiver.accepted("/hook") if each.json()["event"] == "message_received"]

        telegram.people.sends_text(ann, bot, "Grüße 👋")
        await receiver.wait_for(lambda _: len(messages()) == 1, patience=30)
        rotated = (await http.post(f"/api/webhooks/{webhooks[0]['id']}/rotate-secret")).json()
        telegram.people.sends_text(ann, bot, "noch einmal")
        await receiver.wait_for(lambda _: len(messages()) == 2, patience=30)
        return messages(), {"text": rotated["secret"], "standard": rotated["standardSecret"]}


@pytest.mark.parametrize("verify", [by_python, by_node], ids=["python", "node"])
async def test_the_guides_code_tells_real_deliveries_from_forged_ones(verify: Verify, tmp_path: Path) -> None:
    (plain, overlapping), new = await deliveries(tmp_path)
    as_whsec = "whsec_" + base64.b64encode(FIRST.encode()).decode()
    old = plain.headers | {"webhook-timestamp": str(int(plain.headers["webhook-timestamp"]) - 301)}
    replayed = old | {"webhook-signature": signed_by_hand(old, plain.body)}
    other_id = plain.headers | {"webhook-id": overlapping.headers["webhook-id"]}
    bare = plain.headers | {"webhook-signature": ""}
    cases = [
        Case("as it came", FIRST, plain.headers, plain.body, True),
        Case("with the secret in its other spelling", as_whsec, plain.headers, plain.body, True),
        Case("the old secret during a rotation", FIRST, overlapping.headers, overlapping.body, True),
        Case("the new secret during a rotation", new["standard"], overlapping.headers, overlapping.body, True),
        Case("the new secret as its text", new["text"], overlapping.headers, overlapping.body, True),
        Case("another secret", "another secret of somebody", plain.headers, plain.body, False),
        Case("the new secret on an old delivery", new["standard"], plain.headers, plain.body, False),
        Case("a changed body", FIRST, plain.headers, plain.body + b" ", False),
        Case("another id", FIRST, other_id, plain.body, False),
        Case("another time", FIRST, old, plain.body, False),
        Case("a replay, rightly signed but old", FIRST, replayed, plain.body, False),
        Case("no signature", FIRST, bare, plain.body, False),
    ]
    answers = await verify("verify", cases)
    assert {case.what: answer for case, answer in zip(cases, answers, strict=True)} == {
        case.what: case.right for case in cases
    }


@pytest.mark.parametrize("verify", [by_python, by_node], ids=["python", "node"])
async def test_the_guides_code_for_the_older_header_knows_the_current_secret_only(
    verify: Verify, tmp_path: Path
) -> None:
    (plain, overlapping), new = await deliveries(tmp_path)
    cases = [
        Case("as it came", FIRST, plain.headers, plain.body, True),
        Case("the new secret at once", new["text"], overlapping.headers, overlapping.body, True),
        Case("the old secret no longer", FIRST, overlapping.headers, overlapping.body, False),
        Case("a changed body", FIRST, plain.headers, plain.body + b" ", False),
    ]
    answers = await verify("legacy", cases)
    assert {case.what: answer for case, answer in zip(cases, answers, strict=True)} == {
        case.what: case.right for case in cases
    }
