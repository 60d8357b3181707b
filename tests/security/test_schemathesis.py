"""Every operation of the OpenAPI document answers what it documents, whatever a generator sends to the real process.

Half of what is sent fits the document, half breaks it on purpose. Ids are mostly real ones, so that requests get
behind the look-up; operations that use something up or change credentials have things and people of their own.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from msgspec import Struct, field, structs
from schemathesis import APIOperation, Case, CheckContext, GenerationMode, Response
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Err, Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.surfaces.api_v1.schemas.bulks import LONGEST_DELAY
from tests.conftest import Until
from tests.process import ADMIN_KEY, gateway_process
from tests.security.operations import OK, OPERATIONS, Operation
from tests.security.stage import HOOK_SECRET, METRICS_TOKEN, PASSWORD, PICTURE, filled
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

EXAMPLES, EXAMPLES_REFUSED = 6, 1
"""For each operation and mode: of what the caller may do, and of what is refused at the door whatever comes with it."""
_count = itertools.count(1)

_ENDS_OR_CHANGES = ("reconnect", "stop", "logout")
_V1_ENDS_OR_CHANGES = ("process", "start", "stop", "restart")
_REAL_BODY_IDS = {
    "phone": "chat_id",
    "instanceId": "instance_id",
    "endpointId": "webhook_id",
    "tenantId": "tenant",
    "replyTo": "message_id",
    "currentPassword": "password",
    "number": "chat_id",
    "groupId": "chat_id",
    "chatId": "chat_id",
    "replyToMessageId": "message_id",
}
_REAL_QUERY_IDS = {"instanceId": "instance_id", "endpointId": "webhook_id"}


_ENDLESS = frozenset({"GET /api/instances/{instance_id}/events/stream"})
"""Answers that go on; a generator would wait for their end. They have tests of their own."""


_LENGTHY = "POST /api/v1/resources/stress-test"
"""Takes as long as it is told, which by default is half a minute: one wave of it is enough."""


class Scene(Struct, frozen=True, kw_only=True):
    """What there is, by the name of the parameter that means it, and what single operations get instead."""

    names: Mapping[str, str]
    own_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    headers: Mapping[str, str]
    standing: str
    """What the table of the matrix calls this caller."""
    own_headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    before: Callable[[], None]
    """Restores what an example may have used up."""

    def names_for(self, operation: str) -> Mapping[str, str]:
        return {**self.names, **self.own_names.get(operation, {})}

    def headers_for(self, operation: str) -> dict[str, str]:
        return dict(self.own_headers.get(operation, self.headers))

    def as_instance_key(self, key: str) -> Scene:
        """The same for the key of an instance; credentials that are no person's stay."""
        kept = {name: each for name, each in self.own_headers.items() if "/api/" not in name or "/webhook/" in name}
        return structs.replace(self, standing="own_key", headers=_bearer(key), own_headers=kept)

    def may(self, operation: str) -> bool:
        """Whether the table lets this caller in."""
        return operation in self.own_headers or OPERATIONS[operation].answer_for(self.standing) == OK

    def let_through(self) -> set[str]:
        """The operations that this caller may do and that have something to do here."""
        return {name for name, each in OPERATIONS.items() if each.ok < 400 and self.may(name)}


class Report:
    """What was answered, and what should not have been."""

    def __init__(self) -> None:
        self.statuses: dict[str, set[int]] = defaultdict(set)
        self.failures: dict[str, str] = {}

    def blame(self, case: Case[Any], response: Response, failures: FailureGroup) -> None:
        for failure in failures.exceptions:
            key = f"{case.operation.label}: {response.status_code}: {failure.title}"
            told = f"{key}\n  {failure.message[:600]}\n  {case.as_curl_command()[:900]}\n  -> {response.text[:400]}"
            self.failures.setdefault(key, told)


def no_unforeseen_server_error(_ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A status of 500 or more is documented for the operation, and says which refusal it is; ours never do."""
    if response.status_code < 500:
        return
    documented = str(response.status_code) in case.operation.definition.raw["responses"]
    body = response.json() if "json" in str(response.headers.get("content-type")) else None
    said = body if isinstance(body, dict) else {}
    # The networks' hooks tell nobody why.
    coded = bool(said.get("code")) or case.path.startswith("/hooks/")
    if not (documented and coded and said.get("error")) or said.get("code") == "internal_error":
        raise Failure(operation=case.operation.label, title="Server error", message=f"{response.status_code}")


CHECKS: list[Any] = [
    no_unforeseen_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def exercise(base_url: str, scene: Scene) -> Report:
    """Send everything, one request after the other. Blocking: runs in a thread beside the simulators' loop."""
    report = Report()
    with requests.Session() as session:
        session.trust_env = False
        document = session.get(f"{base_url}/docs/openapi.json", timeout=30).json()
        for operation in operations_of(document):
            examples = EXAMPLES if scene.may(operation.label) and not is_twin(operation.label) else EXAMPLES_REFUSED
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                attempt(operation, mode, examples, functools.partial(judge, report, session, base_url, scene))
    report.statuses |= {label: set() for label in labels_of(document) - set(report.statuses) - _ENDLESS}
    return report


def operations_of(document: dict[str, Any]) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    """All of them; those that end what others need come last."""
    results = list(schemathesis.openapi.from_dict(document).get_all_operations())
    broken = [result.err() for result in results if isinstance(result, Err)]
    assert not broken, broken
    operations = [result.ok() for result in results if isinstance(result, Ok)]
    operations = [each for each in operations if each.label not in _ENDLESS]
    yield from sorted(operations, key=lambda each: OPERATIONS[each.label].last)


def is_twin(label: str) -> bool:
    """Whether this is a route of one instance at its older path below `/api`: the same handler, registered twice."""
    newer = label.replace(" /api/", " /api/v1/", 1)
    return newer != label and newer in OPERATIONS and "instance_id" in OPERATIONS[label].query


def labels_of(document: dict[str, Any]) -> set[str]:
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


def attempt(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    examples: int,
    act: Callable[[Case[Any], int], None],
) -> None:
    """Draw examples of one operation and act on each; the same ones in every run."""

    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), aim=st.integers(0, 3))
    def each(case: Case[Any], aim: int) -> None:
        act(case, aim)

    try:
        each()
    except hypothesis.errors.Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, operation.label  # nothing about it can be wrong


def judge(report: Report, session: requests.Session, base_url: str, scene: Scene, case: Case[Any], aim: int) -> None:
    label = case.operation.label
    if aim:
        aim_at_real_things(case, scene.names_for(label))
    if aim >= 2:
        aim_well(case, OPERATIONS[label], scene.names_for(label), whole=aim == 3)
    if label == _LENGTHY:
        make_short(case)
    hurry(case)
    case.headers.pop("transfer-encoding", None)  # with no body behind it no server takes that for HTTP
    scene.before()
    headers = scene.headers_for(label)
    if "instance_id" in OPERATIONS[label].query:
        headers["x-instance-id"] = scene.names_for(label)["instance_id"]
    response = case.call(base_url=base_url, session=session, headers=headers, timeout=30)
    report.statuses[label].add(response.status_code)
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as failures:
        report.blame(case, response, failures)


def make_short(case: Case[Any]) -> None:
    """A body that is none is left as it is."""
    if isinstance(case.body, dict):
        case.body = case.body | {"iterations": 1}
    elif case.media_type is None or case.body is None:
        case.body, case.media_type = {"iterations": 1}, "application/json"


def aim_at_real_things(case: Case[Any], names: Mapping[str, str]) -> None:
    """Put ids of things that exist where generated ones stood; what is wrong elsewhere stays wrong."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = names[name]
    for name in set(case.query or {}) & set(_REAL_QUERY_IDS):
        case.query[name] = names[_REAL_QUERY_IDS[name]]
    if isinstance(case.body, dict):
        for name in set(case.body) & set(_REAL_BODY_IDS):
            if isinstance(case.body[name], str | None):
                case.body[name] = names[_REAL_BODY_IDS[name]]
        for name in ("url", "source", "mediaUrl"):
            if isinstance(case.body.get(name), str):
                case.body[name] = names["picture"]


def aim_well(case: Case[Any], row: Operation, names: Mapping[str, str], *, whole: bool) -> None:
    """Say what makes sense, alone or beside what was generated: a generator hardly ever finds a password."""
    known = {**names, "n": str(next(_count))}
    if row.query:
        case.query = {**(case.query or {}), **filled(dict(row.query), known)}
    good = row.json or (row.files and {"file": b"words", **(row.data or {})})
    if isinstance(good, dict):
        if isinstance(case.body, dict):
            case.body = filled(good, known) if whole else case.body | filled(good, known)
        elif case.media_type is None:  # what networks send is documented by them
            case.body, case.media_type = filled(good, known), "application/json"


def hurry(case: Case[Any]) -> None:
    """Have a bulk that may last hours over at once; a delay that is wrong stays wrong."""
    if isinstance(case.body, dict) and "recipients" in case.body:
        delay = case.body.get("delayBetweenMessages")
        if delay is None or (isinstance(delay, int | float) and 0 <= delay <= LONGEST_DELAY):
            case.body["delayBetweenMessages"] = 1


# ---------------------------------------------------------------- what there is to talk about


class Builder:
    """Makes the things of a scene in a gateway."""

    def __init__(self, http: httpx.AsyncClient, telegram: TelegramSimulator, receiver: Receiver, until: Until) -> None:
        self.http, self.telegram, self.receiver, self.until = http, telegram, receiver, until

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def instance(self, name: str, token: str, **config: str) -> str:
        body = {"name": name, "provider": "telegram", "config": {"token": token, **config}}
        made = await self.ask("POST", "/api/instances", body)

        async def ready() -> bool:
            return bool((await self.ask("GET", f"/api/instances/{made['id']}/status"))["ready"])

        await self.until(ready)
        return str(made["id"])

    async def webhook(self, instance_id: str) -> str:
        body = {"url": self.receiver.url("/events"), "instanceId": instance_id}
        return str((await self.ask("POST", "/api/webhooks", body))["webhook"]["id"])

    async def user(self, name: str) -> dict[str, str]:
        body = {"email": f"{name}@example.com", "password": PASSWORD}
        made = await self.ask("POST", "/api/users", body)
        login = await self.ask("POST", "/api/auth/login", {"email": body["email"], "password": PASSWORD})
        return {"id": made["user"]["id"], "tenant": made["user"]["tenantId"], "token": login["token"]}

    async def scene(self) -> tuple[Scene, str]:
        """A shop with a past, spares for what gets used up, and the shop's key."""
        self.receiver.answer("/picture.png", body=PICTURE, headers={"Content-Type": "image/png"})
        bot, ann = self.telegram.add_bot(name="Shop"), self.telegram.add_person("Ann")
        shop = await self.instance("shop", bot.token)
        spare = await self.instance("spare", self.telegram.add_bot(name="Spare").token)
        doomed = await self.instance("doomed", self.telegram.add_bot(name="Doomed").token)
        doomed_too = await self.instance("doomed too", self.telegram.add_bot(name="Doomed too").token)
        gone, gone_too = [
            await self.instance(name, self.telegram.add_bot(name=name).token) for name in ("gone", "gone too")
        ]
        hooked = await self.instance(
            "hooked", self.telegram.add_bot(name="Hooked").token, mode="webhook", webhookSecret=HOOK_SECRET
        )
        webhook, spare_webhook, doomed_webhook = [await self.webhook(shop) for _ in range(3)]
        self.telegram.people.sends_text(ann, bot, "hello")
        photo = self.telegram.people.sends_media(ann, bot, "photo", caption="look")
        chat = str(ann.id)
        said, taken_back = [
            (await self.ask("POST", f"/api/whatsapp/{shop}/send", {"phone": chat, "message": text}))["id"]
            for text in ("hi", "oops")
        ]
        for number in ("77001", "77002"):
            await self.ask("POST", f"/api/instances/{shop}/contacts/save", {"number": number})
        bulk = {"recipients": [{"to": chat}] * 2, "message": "hi", "delayBetweenMessages": LONGEST_DELAY}
        bulk_id = (await self.ask("POST", f"/api/v1/send-bulk?async=1&instance_id={shop}", bulk))["bulk_id"]
        await self.ask("DELETE", f"/api/v1/send-bulk/{bulk_id}?instance_id={shop}")
        await self.until(lambda: self._delivered(webhook))
        deliveries = await self.ask("GET", f"/api/webhooks/deliveries?endpointId={webhook}")
        login_user, key_user, logout_user, other = [await self.user(name) for name in ("ada", "bea", "cleo", "dora")]
        await self.user("eve")
        self.http.headers["authorization"] = f"Bearer {key_user['token']}"
        del self.http.headers["x-api-key"]
        key = await self.ask("POST", "/api/auth/api-keys", {"name": "CRM"})

        spare_names = {"instance_id": spare}
        own_names: dict[str, dict[str, str]] = {
            "DELETE /api/instances/{instance_id}": {"instance_id": doomed},
            "PUT /api/instances/{instance_id}": spare_names,
            **{f"POST /api/instances/{{instance_id}}/{each}": spare_names for each in _ENDS_OR_CHANGES},
            **{f"{each} /api/webhooks/{{webhook_id}}": {"webhook_id": spare_webhook} for each in ("PUT", "PATCH")},
            "POST /api/whatsapp-simple/{instance_id}/logout": spare_names,
            "DELETE /api/v1/instances/{instance_id}": {"instance_id": doomed_too},
            **{f"POST /api/v1/instances/{{instance_id}}/{each}": spare_names for each in _V1_ENDS_OR_CHANGES},
            "DELETE /api/v1/multi-provider/instances/{instance_id}": {"instance_id": gone},
            "DELETE /api/v1/multi-provider/instances/{provider}/{instance_id}": {"instance_id": gone_too},
            "DELETE /api/webhooks/{webhook_id}": {"webhook_id": doomed_webhook},
            "GET /api/instances/{instance_id}/chats/{chat_id}/messages/{message_id}/media": {
                "message_id": str(photo["message_id"])
            },
            **{
                f"{path}": {"message_id": str(photo["message_id"])}
                for root in ("/api/v1", "/api")
                for path in (
                    f"GET {root}/messages/{{message_id}}/media",
                    f"POST {root}/messages/{{message_id}}/media/download",
                )
            },
            "POST /api/download-media/{message_id}": {"message_id": str(photo["message_id"])},
            "DELETE /api/instances/{instance_id}/chats/{chat_id}/messages/{message_id}": {"message_id": taken_back},
            "POST /hooks/{provider}/{instance_id}": {"instance_id": hooked},
        }
        scene = Scene(
            names={
                "instance_id": shop, "webhook_id": webhook, "delivery_id": str(deliveries["deliveries"][0]["id"]),
                "chat_id": chat, "message_id": said, "query_id": "4711", "provider": "telegram", "instance": hooked,
                "contact_id": chat, "number": chat, "photo": str(photo["message_id"]),
                "group_id": chat, "channel_id": chat, "call_id": "4711",
                "remote_jid": "77001", "known": "77002", "name": "usage_save",
                "bulk_id": bulk_id, "company_id": "acme",
                "key_id": key["key"]["id"], "user_id": other["id"], "tenant": other["tenant"], "password": PASSWORD,
                "picture": self.receiver.url("/picture.png"), "email": "eve@example.com", "database": "sqlite",
            },
            own_names=own_names,
            standing="admin",
            headers={"x-api-key": ADMIN_KEY, "x-instance-id": shop},
            own_headers={
                "POST /api/auth/logout": _bearer(logout_user["token"]),
                "POST /api/auth/password": _bearer(login_user["token"]),
                "POST /api/auth/api-key/rotate": _bearer(key_user["token"]),
                "DELETE /api/auth/api-keys/{key_id}": _bearer(key_user["token"]),
                "GET /metrics": _bearer(METRICS_TOKEN),
                "POST /hooks/{provider}/{instance_id}": {"x-telegram-bot-api-secret-token": HOOK_SECRET},
                "POST /api/v1/webhook/{provider}/{instance}": {"x-telegram-bot-api-secret-token": HOOK_SECRET},
            },
            before=lambda: bot.open_queries.add("4711"),
        )  # fmt: skip
        return scene, shop

    async def _delivered(self, webhook: str) -> bool:
        page = await self.ask("GET", f"/api/webhooks/deliveries?endpointId={webhook}&state=delivered")
        return int(page["total"]) >= 4


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.slow
@pytest.mark.parametrize("standing", ["admin", "own_key"])
async def test_every_operation_answers_what_it_documents(
    standing: str, tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    env = {"TELEGRAM_API_BASE": telegram.base_url, "METRICS_TOKEN": METRICS_TOKEN, "BASE_URL": receiver.url("/gateway")}
    env |= {"API_RATE_LIMIT": "1000000", "SEND_RATE_LIMIT": "1000000"}
    async with gateway_process(tmp_path, sqlite_url, **env) as gateway:
        async with gateway.client() as http:
            scene, shop = await Builder(http, telegram, receiver, until).scene()
        if standing == "own_key":
            scene = scene.as_instance_key(shop)
        report = await asyncio.to_thread(exercise, gateway.base_url, scene)
        log = gateway.log()
    assert not report.failures, "\n\n".join(report.failures.values())
    assert "request_failed" not in log
    assert {label for label, statuses in report.statuses.items() if not statuses} == set(), "never exercised"
    succeeded = {label for label, statuses in report.statuses.items() if any(200 <= each < 300 for each in statuses)}
    refused = {label: sorted(report.statuses[label]) for label in scene.let_through() - succeeded if not is_twin(label)}
    assert refused == {}, "no request got through to what these are for"
    assert succeeded <= scene.let_through(), "the table of the matrix says that this caller may not"
