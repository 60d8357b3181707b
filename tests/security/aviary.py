"""Canaries: secrets that sing when they get out, and a visitor who writes down every answer."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from tests.process import NO_TLS, GatewayProcess


def canary(name: str) -> str:
    """A secret by that name: nothing that redaction could know by its look."""
    return f"{name}-{secrets.token_hex(12)}"


class Aviary:
    """The secrets, and everything that was heard while they were about."""

    def __init__(self) -> None:
        self.birds: dict[str, str] = {
            name: canary(name)
            for name in (
                "adminpassword", "jwtsecret", "metricstoken", "databasepassword", "password", "newpassword",
                "wrongpassword", "weakpassword", "hooksecret", "rotatedsecret", "badsecret", "headervalue",
                "badheader", "badtoken", "strangekey", "strangebearer", "wrongtype", "networkproof", "wrongproof",
                "mediakey",
            )
        }  # fmt: skip
        self.birds["weakpassword"] = "q" * 7
        self.birds["adminkey"] = "canaryadminkey." + secrets.token_hex(20)
        self.birds["sealingkey"] = base64.b64encode(secrets.token_bytes(32)).decode()
        self.heard: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self.birds[name]

    def learn(self, name: str, secret: str) -> str:
        """A secret that the gateway made."""
        assert len(secret) > 12
        self.birds[name] = secret
        return secret

    def hear(self, where: str, text: str | bytes) -> None:
        """Keep what was said somewhere."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        self.heard[where] = self.heard.get(where, "") + "\n" + text

    def escaped(self, *, but: Mapping[str, Iterable[str]] | None = None) -> list[str]:
        """`secret: place` of every hit. `but` names places where a secret may be."""
        allowed = {(name, place) for name, places in (but or {}).items() for place in places}
        return [
            f"{name}: {place}"
            for name, secret in self.birds.items()
            if name != "weakpassword"
            for place, text in self.heard.items()
            if (name, place) not in allowed and any(form in text for form in _forms(secret))
        ]


def _forms(secret: str) -> set[str]:
    """A secret as it is and as it may be written down."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
        secret.replace(":", "%3A"),
        secret.encode().hex(),
    }


class Visitor:
    """Asks the gateway, and remembers every answer whole."""

    def __init__(self, gateway: GatewayProcess, aviary: Aviary) -> None:
        self.aviary = aviary
        self.http = httpx.AsyncClient(base_url=gateway.base_url, timeout=30, trust_env=False, verify=NO_TLS)
        self.statuses: set[int] = set()

    async def ask(
        self, method: str, path: str, *, key: str | None = None, token: str | None = None, tells: Iterable[str] = (),
        headers: Mapping[str, str] | None = None, **more: Any,
    ) -> httpx.Response:  # fmt: skip
        """One request. `tells` names the fields of the answer that are there to show a secret, this once."""
        sent = dict(headers or {})
        if key is not None:
            sent["x-api-key"] = key
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        answer = await self.http.request(method, path, headers=sent, **more)
        self.statuses.add(answer.status_code)
        said = answer.text
        if tells:
            body = answer.json()
            for name in tells:
                secret = _at(body, name)
                assert isinstance(secret, str), f"{path} was to show {name}: {said}"
                said = said.replace(json.dumps(secret)[1:-1], "<shown>")
        self.aviary.hear("answers", f"{method} {path.partition('?')[0]} {answer.status_code} {answer.headers} {said}")
        return answer


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[part]
    return value
