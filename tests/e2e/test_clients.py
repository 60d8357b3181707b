"""The examples that clients of the WhatsApp Multi-Instance API were written from run as they are printed.

The texts are in `clients/*.md`. Each runs as a program of its own against a real gateway, a phone of the simulated
WhatsApp receives what it sends, and a webhook endpoint beside it checks the signatures with code of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest

from tests.e2e.clients.examples import examples, placed
from tests.e2e.clients.gate import gate
from tests.e2e.clients.programs import (
    Endpoint,
    need,
    node_endpoint,
    python_endpoint,
    run_node,
    run_python,
    run_shell,
)
from tests.e2e.whatsapp.town import OWN, Line, Town, town, until
from tests.process import ADMIN_EMAIL, ADMIN_KEY, ADMIN_PASSWORD

pytestmark = pytest.mark.slow

CUSTOMER = "79001234567"
"""The number that every example writes to."""
SECRET = "optional-secret-key"
SENT = r"Сообщение отправлено, ID: (\S+)\n"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as started:
        await started.whatsapp.add_person(CUSTOMER, "Иван")
        yield started


async def test_the_python_example_makes_an_instance_and_sends_once_a_phone_has_scanned(place: Town) -> None:
    (example,) = examples("api_documentation", "python")
    async with python_endpoint(SECRET) as hook, gate(place.gateway.base_url) as road, place.gateway.client() as api:
        places = {
            "YOUR_API_KEY": ADMIN_KEY,
            "https://api.example.com": road.url,
            "https://your-webhook.com/whatsapp": hook.url,
        }
        program = asyncio.create_task(run_python(placed(example, places)))
        line = await the_only_line(place, api)
        shown = await line.get()
        assert (shown["name"], shown["description"]) == ("Основной WhatsApp", "Корпоративный аккаунт")
        assert (shown["webhookUrl"], shown["webhookEnabled"]) == (hook.url, True)
        # The example names no secret, so the gateway made one that nobody is ever shown.
        await line.ask("PUT", "", {"webhookSettings": {"secret": SECRET}})
        await line.link()
        road.opened.set()

        ended = await program
        assert ended.status == 0, ended.err
        sent = the_id(ended.out)
        await the_customer_has(line, sent, "Привет! Это тестовое сообщение.")
        await all_of_it_is_told(line, hook, sent, "Привет! Это тестовое сообщение.")
        await another_secret_is_noticed(line, python_endpoint("another secret"))
    assert await place.problems() == []


async def test_the_python_example_stops_where_it_would_have_if_nobody_scans(place: Town) -> None:
    (example,) = examples("api_documentation", "python")
    places = {"YOUR_API_KEY": ADMIN_KEY, "https://api.example.com": place.gateway.base_url}
    async with python_endpoint(SECRET) as hook:
        ended = await run_python(placed(example, {**places, "https://your-webhook.com/whatsapp": hook.url}))
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.endswith("KeyError: 'id'\n"), "an error is an object without `id`"
    assert await place.whatsapp.seen(CUSTOMER) == []


async def test_the_node_examples_show_the_code_and_send(place: Town) -> None:
    need("node")
    (example,) = examples("api_documentation", "javascript")
    (create,) = examples("api_documentation", "json")
    async with node_endpoint(SECRET) as hook, place.gateway.client() as api:
        body = json.loads(placed(create, {"https://example.com/webhook": hook.url}))
        assert body["webhookSecret"] == SECRET
        made = await api.post("/api/instances", json=body)
        assert made.status_code == 201, made.text
        line = await the_only_line(place, api)
        await line.qr_code()
        program = placed(
            example,
            {
                "YOUR_API_KEY": ADMIN_KEY,
                "https://api.example.com": place.gateway.base_url,
                "YOUR_INSTANCE_ID": line.id,
            },
        )

        ended = await run_node(program)
        assert (ended.status, ended.out) == (1, "")
        assert "Ошибка при отправке сообщения:" in ended.err
        assert f"error: 'Instance {line.id} not ready'" in ended.err

        # The other function of the example, called where it calls the first.
        call = "sendMessage(instanceId, '79001234567', 'Привет из Node.js!')"
        ended = await run_node(placed(program, {call: "getQrCode(instanceId)"}))
        assert ended.status == 0, ended.err
        (code,) = re.findall(r"^QR-код получен: (\S+)$", ended.out, re.MULTILINE)
        await place.whatsapp.scan(code, OWN, "Shop")
        await until("the instance is connected", line.is_connected)

        ended = await run_node(program)
        assert ended.status == 0, ended.err
        sent = the_id(ended.out)
        await the_customer_has(line, sent, "Привет из Node.js!")
        qr = await hook.accepts("qr_received", instanceId=line.id)
        assert qr["data"]["qrCode"]
        await all_of_it_is_told(line, hook, sent, "Привет из Node.js!")
        assert hook.refused == []
        await another_secret_is_noticed(line, node_endpoint("another secret"))
    assert await place.problems() == []


async def test_the_readmes_lines_and_classes_do_what_they_say(place: Town) -> None:
    for program in ("bash", "curl", "node"):
        need(program)
    log_in, list_all, create, send, switch = (quiet(each) for each in examples("readme", "bash"))
    base, key = {"https://your-api-url.com": place.gateway.base_url}, {"your-api-key": ADMIN_KEY}
    hook = {"https://your-webhook-url.com/whatsapp": place.receiver.url("/hook/readme")}

    credentials = {"user@example.com": ADMIN_EMAIL, "strongpassword": ADMIN_PASSWORD}
    login = await run_shell(placed(log_in, base | credentials))
    assert (login["user"]["email"], login["user"]["apiKey"]) == (ADMIN_EMAIL, ADMIN_KEY)
    assert await run_shell(placed(list_all, base | key)) == {"instances": []}
    refused = await run_shell(placed(list_all, base | {"your-api-key": "of-somebody-else"}))
    assert refused["error"] == "Unauthorized"

    made = await run_shell(placed(create, base | key | hook))
    assert (made["name"], made["status"], made["webhookEnabled"]) == ("Main WhatsApp", "connecting", True)
    async with place.gateway.client() as api:
        line = await the_only_line(place, api)
        assert line.id == made["id"]
        await line.link()
        by_curl = await run_shell(placed(send, base | key | {"{instanceId}": line.id}))
        await the_customer_has(line, by_curl["id"], "Hello! This is a test message.")

        switched = await run_shell(placed(switch, base | key))
        assert switched == {
            "success": True,
            "message": "Database provider is already set to sqlite",
            "provider": "sqlite",
        }

        await by_the_node_functions(line, base | key)
        await by_the_python_class(line)
        await line.heard(3, "message_sent")
    assert await place.problems() == []


async def by_the_node_functions(line: Line, places: dict[str, str]) -> None:
    (functions,) = examples("readme", "javascript")
    call = f"sendMessage('{line.id}', '{CUSTOMER}', 'From a function').then((sent) => console.log(sent.id));"
    ended = await run_node(placed(functions, places) + call)
    assert ended.status == 0, ended.err
    await the_customer_has(line, ended.out.strip(), "From a function")


async def by_the_python_class(line: Line) -> None:
    (given,) = examples("readme", "python")
    url = str(line.api.base_url).rstrip("/") + "/api"
    call = f"print(WhatsAppAPI({url!r}, {ADMIN_KEY!r}).send_message({line.id!r}, {CUSTOMER!r}, 'From a class')['id'])"
    ended = await run_python(given + call)
    assert ended.status == 0, ended.err
    await the_customer_has(line, ended.out.strip(), "From a class")


async def the_only_line(place: Town, api: httpx.AsyncClient) -> Line:
    """The one instance there is, once there is one."""
    found: list[str] = []

    async def made() -> bool:
        found[:] = [each["id"] for each in (await api.get("/api/instances")).json()["instances"]]
        return bool(found)

    await until("an instance is made", made)
    (only,) = found
    return Line(api, place.whatsapp, place.receiver, only, OWN, "/hook/readme")


async def the_customer_has(line: Line, message_id: str, text: str) -> None:
    """The message with this id is on the customer's phone."""

    async def there() -> bool:
        seen = await line.whatsapp.seen(CUSTOMER)
        return any((each.id, each.kind, each.text) == (message_id, "text", text) for each in seen)

    await until(f"the customer has {message_id}", there)


async def all_of_it_is_told(line: Line, hook: Endpoint, sent: str, text: str) -> None:
    """The endpoint takes the connection, the message and the customer's answer, each in the documented words."""
    await hook.accepts("connection_opened", instanceId=line.id)
    told = await hook.accepts("message_sent", messageId=sent)
    assert told["timestamp"].endswith("Z")
    expected = {"instanceId": line.id, "to": f"{CUSTOMER}@s.whatsapp.net", "body": text, "type": "text"}
    assert told["data"].items() >= (expected | {"hasMedia": False}).items()
    assert type(told["data"]["timestamp"]) is int
    answer = await line.whatsapp.write_text(CUSTOMER, OWN, "Всё хорошо 👍 </script> \u2028")
    told = await hook.accepts("message_received", messageId=answer)
    expected = {"from": f"{CUSTOMER}@s.whatsapp.net", "body": "Всё хорошо 👍 </script> \u2028", "type": "conversation"}
    assert told["data"].items() >= (expected | {"hasMedia": False, "pushName": "Иван"}).items()


async def another_secret_is_noticed(line: Line, other: AbstractAsyncContextManager[Endpoint]) -> None:
    """An endpoint that knows another secret refuses everything."""
    async with other as stranger:
        await line.ask("PUT", "", {"webhookUrl": stranger.url})
        sent = await line.send(CUSTOMER, "For other ears")
        await stranger.refuses("message_sent", messageId=sent["id"])
        assert stranger.accepted == []


def the_id(printed: str) -> str:
    (found,) = re.fullmatch(SENT, printed).groups()  # type: ignore[union-attr]  # None fails the test as well
    return str(found)


def quiet(line: str) -> str:
    """The printed command without curl's meter, which would mix with what went wrong."""
    return placed(line, {"curl ": "curl --silent --show-error --max-time 30 "})
