"""The example of the Instance Manager's TypeScript client, run as it was printed, and its other methods."""

from __future__ import annotations

import json

import pytest

from tests.e2e.clients.examples import placed
from tests.e2e.instance_manager.programs import PRINTED, STAND_INS, Runner, document
from tests.e2e.whatsapp.town import Town
from tests.simulators.telegram import TelegramSimulator

pytestmark = pytest.mark.slow

_CLIENT = "./utils/instance-manager.client"
_IN_TIME = "// Получение QR кода для WhatsApp"
_TOLD = """
console.log(JSON.stringify({ whatsappInstanceId, telegramInstanceId, apiKey, qrCode, authStatus, logs }));
console.log(JSON.stringify({
  left: (await client.getAllInstances()).map(({ id, status }) => [id, status]),
  gone: await client.getInstance(whatsappInstanceId),
  bot: (await client.getInstance(telegramInstanceId)).company_id,
  ports: client.ports,
}));
"""


async def test_the_printed_example(place: Town, runner: Runner, telegram: TelegramSimulator) -> None:
    ours = {
        _CLIENT: str(STAND_INS / f"{_CLIENT}.js"),
        PRINTED: runner.url,
        "https://webhook.example.com": place.receiver.url(),
        "123456789:AABBCCDDEEFFgghhiijjkkll": telegram.add_bot().token,
        _IN_TIME: "await settled();",  # the example asks for the code at once; a person would have seen it appear
    }
    ended = await runner.module(placed(document("client-usage.mjs"), ours) + _TOLD)
    assert ended.status == 0, ended.err
    first, then = (json.loads(line) for line in ended.out.splitlines())
    assert first["apiKey"] == first["whatsappInstanceId"]
    assert first["qrCode"].startswith("data:image/png;base64,")
    assert first["authStatus"] == {"status": "qr_ready", "authenticated": False, "account": None}
    assert 0 < len(first["logs"]) <= 50
    assert set(first["logs"][0]) == {"timestamp", "level", "message", "source"}
    assert then == {
        "left": [[first["telegramInstanceId"], "client_ready"]],
        "gone": None,
        "bot": "user-002",
        "ports": {"api": place.gateway.port, "mcp": None},
    }


async def test_it_finds_out_whether_the_gateway_is_there(runner: Runner) -> None:
    program = f"""
    import {{ instanceManagerClient }} from '{STAND_INS / f"{_CLIENT}.js"}';
    instanceManagerClient.setBaseUrl(process.env.GATEWAY_URL);
    console.log('API доступен:', await instanceManagerClient.ping());
    instanceManagerClient.setBaseUrl(process.env.GATEWAY_URL + '/nowhere');
    console.log('API доступен:', await instanceManagerClient.ping());
    """
    ended = await runner.module(program)
    assert ended.out.splitlines() == ["API доступен: true", "API доступен: false"], ended.err
