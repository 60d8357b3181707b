"""Every path that a secret takes through the gateway, walked rightly and wrongly."""

from __future__ import annotations

import secrets

from tests.conftest import Until
from tests.security.aviary import Visitor
from tests.simulators.receiver import Receiver
from tests.simulators.receiver.behaviour import Behaviour
from tests.simulators.telegram import Fault, TelegramSimulator

SHOWN = "zanzibar-in-plain-sight"
"""The control: no secret, said in a message; a search that does not find it finds nothing."""


async def people(visitor: Visitor) -> None:
    """Logging in and out, users and keys: right, wrong, and of the wrong type."""
    ask, birds = visitor.ask, visitor.aviary
    admin = {"email": "admin@example.com", "password": birds["adminpassword"]}
    made = await ask("POST", "/api/auth/login", json=admin, tells=["token", "user.apiKey"])
    assert made.json()["user"]["apiKey"] == birds["adminkey"]
    key = birds["adminkey"]
    token = birds.learn("admintoken", made.json()["token"])
    for body in (
        admin | {"password": birds["wrongpassword"]},
        {"email": "nobody@example.com", "password": birds["wrongpassword"]},
        {"email": birds["wrongtype"], "password": [birds["wrongtype"]]},
        {"email": ["admin@example.com"], "password": {"is": birds["wrongtype"]}},
    ):
        await ask("POST", "/api/auth/login", json=body)
    await ask("POST", "/api/auth/login", content=f'{{"password": "{birds["wrongtype"]}"')
    await ask("POST", "/api/auth/login", data={"password": birds["wrongpassword"]})
    await ask("GET", "/api/auth/me", token=token)
    await ask("GET", "/api/auth/me", token=token[:-2])
    await ask("GET", "/api/auth/me", token=birds["strangebearer"])
    await ask("GET", "/api/auth/me", key=birds["strangekey"])
    await ask("GET", "/metrics", token=birds["strangebearer"])

    user = {"email": "ada@example.com", "password": birds["password"]}
    await ask("POST", "/api/users", key=key, json=user | {"password": birds["weakpassword"]})
    await ask("POST", "/api/users", key=key, json=user | {"role": "king"})
    ada = await ask("POST", "/api/users", key=key, json=user, tells=["apiKey"])
    first_key = birds.learn("firstkey", ada.json()["apiKey"])
    await ask("POST", "/api/users", key=key, json=user)
    logged_in = await ask("POST", "/api/auth/login", json=user, tells=["token", "user.apiKey"])
    token = birds.learn("token", logged_in.json()["token"])
    change = {"currentPassword": birds["password"], "newPassword": birds["newpassword"]}
    await ask("POST", "/api/auth/password", token=token, json=change | {"currentPassword": birds["wrongpassword"]})
    await ask("POST", "/api/auth/password", token=token, json=change | {"newPassword": birds["weakpassword"]})
    await ask("POST", "/api/auth/password", token=token, json=change | {"newPassword": [birds["wrongtype"]]})
    changed = await ask("POST", "/api/auth/password", token=token, json=change, tells=["token", "user.apiKey"])
    token = birds.learn("nexttoken", changed.json()["token"])
    rotated = await ask("POST", "/api/auth/api-key/rotate", key=first_key, tells=["apiKey"])
    own_key = birds.learn("rotatedkey", rotated.json()["apiKey"])
    body = {"name": "CRM", "allowedIps": ["10.0.0.0/8"]}
    far_key = (await ask("POST", "/api/auth/api-keys", key=own_key, json=body, tells=["apiKey"])).json()["apiKey"]
    await ask("GET", "/api/auth/me", key=birds.learn("farkey", far_key))
    await ask("POST", "/api/auth/api-keys", key=own_key, json={"name": [birds["wrongtype"]]})
    await ask("GET", "/api/auth/api-keys", key=own_key)
    await ask("GET", "/api/users", key=key)
    await ask("GET", "/api/users", key=own_key)
    await ask(
        "POST", f"/api/users/{ada.json()['user']['id']}/password", key=key, json={"password": birds["newpassword"]}
    )
    await ask("POST", "/api/auth/logout", token=birds["admintoken"])
    await ask("GET", "/api/auth/me", token=birds["admintoken"])


async def shop(visitor: Visitor, telegram: TelegramSimulator, receiver: Receiver, until: Until) -> dict[str, str]:
    """A connected bot with a webhook, and all the ways in which one is refused."""
    ask, birds, key = visitor.ask, visitor.aviary, visitor.aviary["adminkey"]
    bot = telegram.add_bot(birds.learn("bottoken", f"70000{secrets.randbelow(10**5):05d}:AAF{secrets.token_hex(16)}"))
    gone = telegram.add_bot(birds.learn("gonetoken", f"71000{secrets.randbelow(10**5):05d}:AAG{secrets.token_hex(16)}"))
    telegram.revoke(gone)
    body = {
        "name": "shop", "provider": "telegram", "config": {"token": bot.token}, "webhookUrl": receiver.url("/hook"),
        "webhookSecret": birds["hooksecret"], "headers": {"X-Customer": birds["headervalue"]},
        "maxRetries": 1, "retryInterval": 1000,
    }  # fmt: skip
    for wrong in (
        {"config": {"token": birds["badtoken"]}},
        {"config": {"token": [birds["wrongtype"]]}},
        {"config": {"token": bot.token, "mode": birds["wrongtype"]}},
        {"config": {"token": bot.token, "mode": "webhook", "webhookSecret": birds["badsecret"] + " "}},
        {"webhookSecret": [birds["badsecret"]]},
        {"headers": {"X-Bad": birds["badheader"] + "\r\nX-More: 1"}},
        {"headers": {"X-Bad": [birds["badheader"]]}},
        {"headers": {"Host": birds["badheader"]}},
        {"webhookUrl": f"ftp://user:{birds['wrongtype']}@127.0.0.1/"},
    ):
        refused = await ask("POST", "/api/instances", key=key, json=body | wrong)
        assert refused.status_code == 400, refused.text
    made = await ask("POST", "/api/instances", key=key, json=body, tells=["instanceKey"])
    shop = {"id": made.json()["id"], "key": birds.learn("instancekey", made.json()["instanceKey"])}
    failing = await ask(
        "POST", "/api/instances", key=key, json=body | {"config": {"token": gone.token}}, tells=["instanceKey"]
    )
    birds.learn("gonekey", failing.json()["instanceKey"])
    hooked_body = {
        "token": telegram.add_bot(name="hooked").token,
        "mode": "webhook",
        "webhookSecret": birds["networkproof"],
    }
    hooked = await ask("POST", "/api/instances", key=key, json=body | {"config": hooked_body}, tells=["instanceKey"])
    birds.learn("hookedkey", hooked.json()["instanceKey"])

    async def is_(instance_id: str, *statuses: str) -> bool:
        return str((await ask("GET", f"/api/instances/{instance_id}", key=key)).json()["status"]) in statuses

    await until(lambda: is_(shop["id"], "connected"))
    await until(lambda: is_(failing.json()["id"], "logged_out", "error"))
    await until(lambda: is_(hooked.json()["id"], "connected"))
    await ask("GET", f"/api/instances/{failing.json()['id']}/journal", key=key)
    for proof in ("networkproof", "wrongproof"):
        headers = {"x-telegram-bot-api-secret-token": birds[proof]}
        await ask("POST", f"/hooks/telegram/{hooked.json()['id']}", headers=headers, json={"update_id": 1})
    ann = telegram.add_person("Ann")
    telegram.people.sends_text(ann, bot, SHOWN)
    shop |= {"ann": str(ann.id), "bot": str(bot.id)}
    await ask("GET", f"/api/whatsapp/{shop['id']}/status", token=shop["key"])
    return shop


async def webhooks(visitor: Visitor, shop: dict[str, str], receiver: Receiver, until: Until) -> None:
    """Endpoints that take, refuse, hang up and are gone; secrets given, made and rotated."""
    ask, birds, key = visitor.ask, visitor.aviary, visitor.aviary["adminkey"]
    receiver.refuse("/refuses", status=500)
    receiver.behave("/closes", Behaviour(kind="close"))
    for path in ("/refuses", "/closes", "/takes"):
        body = {"url": receiver.url(path), "instanceId": shop["id"], "maxRetries": 0, "secret": birds["hooksecret"]}
        made = await ask("POST", "/api/webhooks", key=key, json=body, tells=["secret", "standardSecret"])
        birds.learn("standardsecret", made.json()["standardSecret"])
        await ask("POST", f"/api/webhooks/{made.json()['webhook']['id']}/test", key=key)
    gone = {"url": "http://127.0.0.1:9/gone", "instanceId": shop["id"], "maxRetries": 0}
    made = await ask("POST", "/api/webhooks", key=key, json=gone, tells=["secret", "standardSecret"])
    birds.learn("madesecret", made.json()["secret"])
    endpoint = f"/api/webhooks/{made.json()['webhook']['id']}"
    await ask("POST", endpoint + "/test", key=key)
    await ask("PATCH", endpoint, key=key, json={"headers": {"X-Bad\n": birds["badheader"]}})
    await ask("PATCH", endpoint, key=key, json={"secret": "short" + "\0" + birds["badsecret"]})
    await ask("POST", endpoint + "/rotate-secret", key=key, json={"secret": [birds["badsecret"]]})
    given = {"secret": birds["rotatedsecret"]}
    await ask("POST", endpoint + "/rotate-secret", key=key, json=given, tells=["secret", "standardSecret"])
    other = await ask("POST", endpoint + "/rotate-secret", key=key, tells=["secret", "standardSecret"])
    birds.learn("anothersecret", other.json()["secret"])

    async def over() -> bool:
        query = {"limit": "1"}
        open_ = [
            (await ask("GET", "/api/webhooks/deliveries", key=key, params=query | {"state": state})).json()["total"]
            for state in ("pending", "leased")
        ]
        return not any(open_)

    await until(over)
    await ask("PATCH", endpoint, key=key, json={"enabled": False})
    assert (await ask("POST", endpoint + "/test", key=key)).status_code == 409


async def network_trouble(
    visitor: Visitor, shop: dict[str, str], telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    """The Bot API's URLs have the token in them: everything that can go wrong with one."""
    ask, birds, key = visitor.ask, visitor.aviary, visitor.aviary["adminkey"]
    send = f"/api/whatsapp/{shop['id']}/send"
    body = {"phone": shop["ann"], "message": SHOWN}
    await ask("POST", send, key=key, json=body)
    await ask("POST", send, token=shop["key"], json=body)
    token = birds["bottoken"]
    page = f"<html>bad gateway for /bot{token}/sendMessage</html>"
    for fault in (
        Fault(method="sendMessage", code=400, description=f"Bad Request: /bot{token}/ is odd"),
        Fault(method="sendMessage", code=403, description=f"Forbidden: /bot{token}/ was blocked"),
        Fault(method="sendMessage", code=500, times=4),
        Fault(method="sendMessage", code=502, body=page, times=4),
        Fault(method="sendMessage", code=200, body=page, times=4),
        Fault(method="sendMessage", drop="after", times=4),
    ):
        telegram.fault(fault)
        refused = await ask("POST", send, key=key, json=body)
        assert refused.status_code >= 400, refused.text
        telegram.world.faults.clear()
    await ask("POST", send, key=key, json={"phone": 7, "message": [birds["wrongtype"]]})
    for url in (
        f"http://127.0.0.1:9/picture.png?token={birds['mediakey']}",
        receiver.url(f"/missing.png?key={birds['mediakey']}"),
        f"http://user:{birds['mediakey']}@127.0.0.1:9/picture.png",
    ):
        receiver.answer("/missing.png", status=404)
        answer = await ask("POST", f"/api/whatsapp/{shop['id']}/send-media", key=key, json=body | {"url": url})
        assert answer.status_code >= 400

    # The session itself: an answer that is none, one that makes no sense, no answer, then nobody there.
    for fault in (
        Fault(method="getUpdates", code=200, body=page),
        Fault(method="getUpdates", code=200, body='{"ok": true, "result": [{"update_id": "x"}]}'),
        Fault(method="getUpdates", code=502, body=page),
        Fault(method="getUpdates", drop="before"),
        Fault(method="getMe", code=200, body=page),
    ):
        telegram.fault(fault)
        await ask("POST", f"/api/instances/{shop['id']}/reconnect", key=key)
        await until(lambda: telegram.world.faults.owed == 0)
    await telegram.go_offline()

    async def is_(status: str) -> bool:
        return str((await ask("GET", f"/api/instances/{shop['id']}", key=key)).json()["status"]) == status

    await until(lambda: is_("connecting"))
    away = await ask("POST", send, key=key, json=body)
    assert away.status_code >= 500, away.text
    await telegram.go_online()
    await ask("POST", f"/api/instances/{shop['id']}/reconnect", key=key)
    await until(lambda: is_("connected"))


async def look_around(visitor: Visitor, shop: dict[str, str]) -> None:
    """Every place where what happened can be read."""
    ask, key = visitor.ask, visitor.aviary["adminkey"]
    for path in ("", "/activity", "/events", "/journal", "/contacts", "/chats", f"/chats/{shop['ann']}/messages"):
        assert (await ask("GET", f"/api/instances/{shop['id']}{path}", key=key)).status_code == 200
    metrics = await ask("GET", "/metrics", token=visitor.aviary["metricstoken"])
    assert metrics.status_code == 200
    visitor.aviary.hear("metrics", metrics.content)
    listed = await ask("GET", "/api/webhooks/deliveries?limit=500", key=key)
    for each in listed.json()["deliveries"]:
        await ask("GET", f"/api/webhooks/deliveries/{each['id']}", key=key)
    for path in (f"/api/instances/{key}", f"/api/users/{key}", f"/api/webhooks/{visitor.aviary['strangekey']}"):
        assert (await visitor.http.get(path, headers={"x-api-key": key})).status_code == 404
    await ask("GET", "/api/instances/missing", key=key)
    for path in (
        "/api/instances", "/api/webhooks", "/api/stats/system", "/ready", "/health", "/docs/openapi.json",
        "/api/v1/logs?tail=10000", "/api/v1/resources/health", "/api/v1/resources/instances",
    ):  # fmt: skip
        await ask("GET", path, key=key)
