"""What receivers of the WhatsApp Multi-Instance API's webhooks know, and where a webhook is something else."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from typing import Any

from tests.contract.exchanges import difference
from tests.e2e.whatsapp.town import ANN
from tests.simulators.receiver import Received

TOLD: dict[str, dict[str, Any]] = {
    "qr_received": {"qrCode": "<text>"},
    "webhook_updated": {"timestamp": "<time>"},
    "connection_opened": {},
    "connection_closed": {"reason": "logged_out", "willReconnect": False},
    "message_received": {
        "messageId": "<text>", "from": f"{ANN}@s.whatsapp.net", "body": "Hello", "type": "conversation",
        "timestamp": "<number>", "hasMedia": False, "pushName": "Ann",
    },
    "message_status": {"messageId": "<text>", "status": "<text>", "from": f"{ANN}@s.whatsapp.net", "fromMe": True},
}  # fmt: skip
"""What the documentation shows in the `data` of each webhook, besides the instance. The story has notifySent off."""
TOLD_BEYOND = frozenset({"eventId", "sequence", "chatId", "fromPn", "fromLid", "expiresAt", "endpointId"})


def statuses(received: Sequence[Received]) -> set[str]:
    """The words of every status that was told so far."""
    told = [each.json() for each in received]
    return {each["data"]["status"] for each in told if each["event"] == "message_status"}


def problem_with_webhook(received: Received, instance: str, secrets: Sequence[str]) -> str | None:
    """Where a webhook is not what its receivers know; None when it is."""
    body = received.json()
    expected = TOLD.get(body["event"])
    if expected is None:
        return None if body["event"] == "contacts_updated" else f"nobody asked for {body['event']}"
    signatures = [hmac.new(secret.encode(), received.body, "sha256").hexdigest() for secret in secrets]
    if received.headers.get("x-webhook-signature") not in signatures:
        return "the signature is another"
    if received.body != json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode():
        return "the body is not written as JavaScript would"
    data = {key: value for key, value in body["data"].items() if key not in TOLD_BEYOND}
    shape = {"event": body["event"], "data": {"instanceId": instance, **expected}, "timestamp": "<time>"}
    return difference(shape, {**body, "data": data})


def webhooks_as_documented(received: Sequence[Received], instance: str) -> None:
    """Every event came, each with its documented data, and signed with the secret of its time."""
    secrets, problems = ["optional-secret-key", "new-secret-key"], []
    for each in received:
        if each.json()["event"] == "webhook_updated":
            secrets = ["new-secret-key"]  # what was queued before may go out with either
        problems.append(problem_with_webhook(each, instance, secrets))
    assert [each for each in problems if each] == []
    assert {each.json()["event"] for each in received} - {"contacts_updated"} == TOLD.keys()
