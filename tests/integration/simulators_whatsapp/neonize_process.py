"""A process of its own with the real neonize in it, driven by lines of JSON: `python -m ... DATABASE PROXY`.

In:  {"id": 1, "call": "create_group", "args": [...], "on": "contact"?}
Out: {"id": 1, "ok": ...} or {"id": 1, "error": "..."}; {"event": "Message", "data": {...}}; {"qr": "..."}

Protobuf messages travel as their JSON form, bytes as {"bytes": base64}, an argument that is a message as
{"message": type, "of": {...}}, an enum as {"enum": "ParticipantChange.ADD"}.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message as Protobuf
from neonize._binder import ProxySettings
from neonize.aioze.client import NewAClient
from neonize.events import EVENT_TO_INT
from neonize.proto import Neonize_pb2
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2
from neonize.utils import enum as enums

_QUIET = frozenset({"QR", "Device"})
_THREADS = 8
_LINE_LIMIT = 64 * 1024 * 1024


def say(line: dict[str, Any]) -> None:
    """One line out; neonize prints to stdout too, so ours carry a mark."""
    sys.stdout.write("\x02" + json.dumps(line) + "\n")
    sys.stdout.flush()


def read(value: Any) -> Any:
    """An argument from JSON."""
    if isinstance(value, list):
        return [read(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return base64.b64decode(value["bytes"])
    if "enum" in value:
        kind, _, member = value["enum"].partition(".")
        return getattr(enums, kind)[member]
    module = WAWebProtobufsE2E_pb2 if value["message"] == "Message" else Neonize_pb2
    return ParseDict(value["of"], getattr(module, value["message"])())


def write(value: Any) -> Any:
    """An answer as JSON."""
    if isinstance(value, Protobuf):
        return MessageToDict(value, preserving_proto_field_name=True)
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return [write(each) for each in value]


async def serve(database: str, proxy: str) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS))
    client = NewAClient(f"{database}?_foreign_keys=on&_journal_mode=WAL&_synchronous=NORMAL&_x=")

    async def show_qr(_: Any, text: bytes) -> None:
        say({"qr": text.decode()})

    def listen(kind: type[Any]) -> None:
        async def tell(_: Any, event: Any) -> None:
            say({"event": kind.DESCRIPTOR.name, "data": write(event)})

        client.event(kind)(tell)

    client.qr(show_qr)
    for kind in EVENT_TO_INT:
        if kind.DESCRIPTOR.name not in _QUIET:
            listen(kind)
    await client.connect(ProxySettings(proxy))

    async def answer(order: dict[str, Any]) -> None:
        target = getattr(client, order["on"]) if order.get("on") else client
        try:
            say({"id": order["id"], "ok": write(await getattr(target, order["call"])(*read(order["args"])))})
        except Exception as error:  # noqa: BLE001 - the other side wants to read whatever went wrong
            say({"id": order["id"], "error": f"{type(error).__name__}: {error}"})

    lines = asyncio.StreamReader(limit=_LINE_LIMIT)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    tasks: set[asyncio.Task[None]] = set()
    while line := await lines.readline():
        task = asyncio.create_task(answer(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
