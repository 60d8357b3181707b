"""What `make demo` tells, chapter by chapter. Every chapter checks the promises that it shows."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from gateway.kit.qr import qr_terminal
from tests.narrator import Caller, Narrator, PromiseBroken
from tests.process import ADMIN_EMAIL, ADMIN_PASSWORD, GatewayProcess
from tests.simulators.receiver import Behaviour, Received, Receiver
from tests.simulators.telegram import Bot, TelegramSimulator, User
from tests.simulators.telegram.samples import PNG
from tests.simulators.whatsapp.remote import RemoteWhatsApp

SECRET = "a secret of ours and yours"
HOOK = "/webhook"
PEOPLE = ("Ann", "Ben", "Cleo")
PHONE_HOOK = "/whatsapp"
SHOP_PHONE, ANN_PHONE = "491700000001", "4915100000002"
WHILE_DOWN, WHILE_DEAD = 30, 10
"""Messages of each person while the customer's server is down, and then while the gateway is dead."""
KILL_AFTER = 15
"""Deliveries of the backlog after which the gateway is killed."""
PATIENCE = 60.0
"""Seconds that only bound a broken run."""


@dataclass(kw_only=True)
class Scene:
    """Who takes part."""

    tell: Narrator
    api: Caller
    gateway: GatewayProcess
    telegram: TelegramSimulator
    whatsapp: RemoteWhatsApp
    receiver: Receiver
    bot: Bot
    people: tuple[User, ...]
    instance: str = ""

    def received(self, event: str, hook: str = HOOK) -> list[Received]:
        """What the customer's server accepted of one event, in the order it came."""
        return [each for each in self.receiver.accepted(hook) if each.json()["event"] == event]


async def until(what: str, condition: Callable[[], Awaitable[object]]) -> None:
    """Return when it holds. Raises PromiseBroken after PATIENCE seconds."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                if await condition():
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise PromiseBroken(f"waited {PATIENCE:.0f} s in vain for this: {what}") from None


async def log_in(scene: Scene) -> None:
    """An e-mail and a password become a token."""
    await scene.tell.chapter("1. Log in")
    answer = await scene.api.post("/api/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
    scene.api.token = answer["token"]


async def create_bot(scene: Scene) -> None:
    """A bot's token and a URL are all it takes."""
    await scene.tell.chapter("2. Add a Telegram bot, and say where its events go")
    made = await scene.api.post(
        "/api/instances",
        {
            "name": "Support",
            "provider": "telegram",
            "config": {"token": scene.bot.token},
            "webhookUrl": scene.receiver.url(HOOK),
            "webhookSettings": {"secret": SECRET, "maxRetries": 20, "retryInterval": 500},
        },
    )
    scene.instance = made["id"]
    webhooks = (await scene.api.get(f"/api/webhooks?instanceId={scene.instance}"))["webhooks"]
    await scene.tell.say("Events of one chat shall wait for each other, so that they always arrive in order:")
    await scene.api.post(f"/api/webhooks/{webhooks[0]['id']}", {"ordering": "strict"}, method="PATCH")

    async def connected() -> bool:
        return bool((await scene.api.get(f"/api/instances/{scene.instance}/status", quiet=True))["ready"])

    await until("the bot is connected", connected)
    await scene.tell.promise("The bot is connected", True, "")


async def receive(scene: Scene) -> None:
    """What a person writes leaves as a signed webhook."""
    ann = scene.people[0]
    await scene.tell.chapter("3. A person writes")
    await scene.tell.say("Ann opens Telegram and writes to the bot: “Is the shop open today?”")
    scene.telegram.people.sends_text(ann, scene.bot, "Is the shop open today?")
    await scene.receiver.wait_for(lambda _: scene.received("message_received"), patience=PATIENCE)
    hook = scene.received("message_received")[0]
    await scene.tell.say("A moment later your server gets this:")
    names = ("webhook-id", "webhook-timestamp", "webhook-signature", "x-webhook-signature")
    scene.tell.show(f"POST {hook.path}\n" + "\n".join(f"{name}: {hook.headers.get(name)}" for name in names))
    scene.tell.show(json.dumps(hook.json(), ensure_ascii=False, indent=2))
    signed = f"{hook.headers['webhook-id']}.{hook.headers['webhook-timestamp']}.".encode() + hook.body
    own = "v1," + base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    scene.tell.show(f"our own HMAC-SHA256 of id.timestamp.body: {own}")
    both = hook.standard_signature and hook.legacy_signature
    right = both and hook.headers["webhook-signature"] == own
    await scene.tell.promise("Its signatures are right, so nobody else can have sent it", right, "they are wrong")
    digest = hmac.new(SECRET.encode(), hook.body + b" ", hashlib.sha256).hexdigest()
    forged = hmac.compare_digest(digest, hook.headers["x-webhook-signature"])
    await scene.tell.promise("One changed byte would show", not forged, "a changed body has the same signature")


async def reply(scene: Scene) -> None:
    """What an API call asks leaves as a message."""
    ann = scene.people[0]
    await scene.tell.chapter("4. Reply")
    await _send(scene, ann, "Yes, until eight. See you!")
    seen = scene.telegram.texts(scene.bot, ann)
    await scene.tell.promise(f"Ann sees: “{seen[-1] if seen else ''}”", seen == ["Yes, until eight. See you!"], seen)


async def photos(scene: Scene) -> None:
    """Files travel both ways and need no public place."""
    ann = scene.people[0]
    await scene.tell.chapter("5. A photo in, a photo out")
    await scene.tell.say("Ann sends a photo. Its webhook says that there is a file; the file is fetched with a key:")
    scene.telegram.people.sends_media(ann, scene.bot, "photo", PNG, caption="Do you have this one?")
    await scene.receiver.wait_for(lambda _: len(scene.received("message_received")) == 2, patience=PATIENCE)
    told = scene.received("message_received")[1].json()["data"]
    path = f"/api/instances/{scene.instance}/chats/{told['chatId']}/messages/{told['messageId']}/media"
    photo = await scene.api.fetch(path)
    await scene.tell.promise("The photo came through byte for byte", told["hasMedia"] and photo == PNG, len(photo))
    fields = {"phone": str(ann.id), "caption": "This one?"}
    await scene.api.upload(f"/api/whatsapp/{scene.instance}/send-file", fields, "shoe.png", PNG)
    last = scene.telegram.sent(scene.bot, ann)[-1].wire
    arrived = "photo" in last and scene.telegram.world.files.all()[-1].data == PNG
    await scene.tell.promise("Ann sees the photo, with its caption", arrived and last["caption"] == "This one?", last)


async def once(scene: Scene) -> None:
    """A request repeated with the same key sends nothing twice."""
    ann = scene.people[0]
    await scene.tell.chapter("6. Send once, whatever the network does to your request")
    await scene.tell.say("Your program did not see the answer and asks again, with the same Idempotency-Key:")
    first = await _send(scene, ann, "Order 1042 is on its way.", key="order-1042")
    second = await _send(scene, ann, "Order 1042 is on its way.", key="order-1042")
    count = scene.telegram.texts(scene.bot, ann).count("Order 1042 is on its way.")
    await scene.tell.promise("Same answer, one message", first == second and count == 1, f"{count} messages")


async def outage(scene: Scene) -> None:
    """The customer's server goes down, the gateway is killed, and still everything arrives, in order, once."""
    tell, receiver = scene.tell, scene.receiver
    await tell.chapter("7. A bad day")
    before = len(receiver.accepted(HOOK))
    receiver.behave(HOOK, Behaviour(kind="close"))
    await tell.say(f"Your server goes down. {', '.join(PEOPLE)} write {WHILE_DOWN} messages each meanwhile.")
    for number in range(WHILE_DOWN):
        _everybody_writes(scene, number)
    written = len(PEOPLE) * WHILE_DOWN + 2

    async def stored() -> bool:
        stats = await scene.api.get(f"/api/stats/instances/{scene.instance}?period=all", quiet=True)
        return bool(stats["usage"]["messagesReceived"] == written)

    await until("every message is stored", stored)
    waiting = await _owed(scene)
    await tell.promise(f"{waiting} events wait, safely on disk", waiting >= len(PEOPLE) * WHILE_DOWN, waiting)

    await tell.say("Your server is back. In the middle of the catching up the gateway is killed: kill -9, no goodbye.")
    receiver.behave(HOOK, Behaviour())
    await receiver.wait_for(lambda r: len(r.accepted(HOOK)) >= before + KILL_AFTER, patience=PATIENCE)
    await scene.gateway.kill()
    through = len(receiver.accepted(HOOK)) - before
    middle = through < len(PEOPLE) * WHILE_DOWN
    await tell.promise(f"It died in the middle: {through} of {waiting} were through", middle, "it was done already")
    await tell.say(f"While it is dead, everybody writes {WHILE_DEAD} more messages. Then it is started again.")
    for number in range(WHILE_DOWN, WHILE_DOWN + WHILE_DEAD):
        _everybody_writes(scene, number)
    await scene.gateway.start()
    await _count(scene)


async def _count(scene: Scene) -> None:
    tell = scene.tell
    wanted = {str(person.id): _texts(person) for person in scene.people}
    total = sum(len(texts) for texts in wanted.values())

    def arrived() -> dict[str, list[str]]:
        """The texts of the bad day by chat, in the order they came, each webhook-id counted once."""
        seen: set[str | None] = set()
        chats: dict[str, list[str]] = {chat: [] for chat in wanted}
        for each in scene.received("message_received"):
            data = each.json()["data"]
            if data["body"] in wanted[data["chatId"]] and each.webhook_id not in seen:
                seen.add(each.webhook_id)
                chats[data["chatId"]].append(data["body"])
        return chats

    try:
        await scene.receiver.wait_for(lambda _: sum(map(len, arrived().values())) >= total, patience=PATIENCE)
    except AssertionError:
        got = sum(map(len, arrived().values()))
        raise PromiseBroken(f"{total - got} of {total} messages did not arrive within {PATIENCE:.0f} s") from None

    async def settled() -> bool:
        return await _owed(scene) == 0

    await until("nothing is owed any more", settled)
    chats, stats = arrived(), scene.receiver.stats
    lost = total - sum(len(set(texts)) for texts in chats.values())
    doubled = sum(len(texts) - len(set(texts)) for texts in chats.values())
    await tell.promise(f"{total} messages were written, {total} arrived: none lost", lost == 0, f"{lost} lost")
    await tell.promise("None was told twice as two events", doubled == 0, f"{doubled} doubled")
    await tell.promise("Every chat arrived in the order it was written", chats == wanted, "the order is wrong")
    again = stats.duplicates
    few = again <= len(PEOPLE) + 1
    kill = f"At most what was in flight at the kill came again under its webhook-id ({again} now)"
    await tell.promise(kill, few, f"{again} came again")
    await tell.promise("Every signature was right", stats.bad_signatures == 0, f"{stats.bad_signatures} were wrong")


async def link_phone(scene: Scene) -> None:
    """A WhatsApp phone is linked by scanning a code, and stays linked."""
    tell, api, whatsapp = scene.tell, scene.api, scene.whatsapp
    await tell.chapter("8. Link a WhatsApp phone")
    await whatsapp.add_person(ANN_PHONE, "Ann")
    made = await api.post(
        "/api/instances",
        {"name": "Shop", "provider": "whatsapp", "webhookUrl": scene.receiver.url(PHONE_HOOK)},
    )
    shop = made["id"]

    async def shown() -> bool:
        return "qrCode" in await api.get(f"/api/instances/{shop}/qr", quiet=True)

    await until("there is a QR code", shown)
    code = (await api.get(f"/api/instances/{shop}/qr"))["qrCode"]
    await tell.say("This is what you would scan with WhatsApp on your phone (Settings, Linked devices):")
    tell.picture(qr_terminal(code))
    await tell.say("A simulated phone scans it.")
    await whatsapp.scan(code, SHOP_PHONE, "Shop")

    async def connected() -> bool:
        return bool((await api.get(f"/api/instances/{shop}/status", quiet=True))["ready"])

    await until("the phone is linked", connected)
    await tell.promise("The phone is linked, and its messages flow", True, "")

    await tell.say("Ann writes on WhatsApp. Her message is decrypted by the gateway alone, and your server gets this:")
    await whatsapp.write_text(ANN_PHONE, SHOP_PHONE, "Are you on WhatsApp, too?")
    await scene.receiver.wait_for(lambda _: scene.received("message_received", PHONE_HOOK), patience=PATIENCE)
    told = scene.received("message_received", PHONE_HOOK)[0].json()["data"]
    tell.show(json.dumps(told, ensure_ascii=False, indent=2))
    both = told.get("fromPn", "").startswith(ANN_PHONE) and told.get("fromLid", "").endswith("@lid")
    await tell.promise("It names Ann by both of WhatsApp's names for her", both, told)
    await api.post(f"/api/instances/{shop}/send", {"phone": ANN_PHONE, "message": "Since a minute ago!"})
    seen = [each.text for each in await whatsapp.seen(ANN_PHONE)]
    await tell.promise(f"Ann's phone decrypts: “{seen[-1] if seen else ''}”", seen == ["Since a minute ago!"], seen)

    await tell.say("The gateway is restarted. Ann writes meanwhile. Nobody has to scan anything again.")
    await scene.gateway.stop()
    await whatsapp.write_text(ANN_PHONE, SHOP_PHONE, "Still there?")
    await scene.gateway.start()
    await scene.receiver.wait_for(lambda _: len(scene.received("message_received", PHONE_HOOK)) == 2, patience=PATIENCE)
    late = scene.received("message_received", PHONE_HOOK)[1].json()["data"]["body"]
    await tell.promise("The message that came meanwhile arrived, once", late == "Still there?", late)
    problems = [each.text for each in await whatsapp.problems()]
    await tell.promise("The network found nothing to complain about", problems == [], problems)


async def look_back(scene: Scene) -> None:
    """What happened can be looked up afterwards."""
    await scene.tell.chapter("9. Look back")
    stats = await scene.api.get(f"/api/stats/instances/{scene.instance}?period=all")
    usage = {name: value for name, value in stats["usage"].items() if name != "dailyStats"}
    scene.tell.show(json.dumps(usage))
    people = len(PEOPLE) * (WHILE_DOWN + WHILE_DEAD) + 2
    counted = (usage["messagesReceived"], usage["messagesSent"]) == (people, 3)
    await scene.tell.promise("The statistics count every message once", counted, usage)
    await scene.tell.say("And the log of a delivery that needed more than one try:")
    page = await scene.api.get(f"/api/webhooks/deliveries?instanceId={scene.instance}&limit=500")
    # Of the oldest, whose first try met the outage; of a try that the kill cut short nobody could keep a log.
    hard = [
        each for each in reversed(page["deliveries"]) if each["attempts"] > 1 and each["event"] == "message.received"
    ]
    if not hard:
        raise PromiseBroken("no delivery has a second try in its log")
    shown = await scene.api.get(f"/api/webhooks/deliveries/{hard[0]['id']}")
    for attempt in shown["tries"]:
        outcome = attempt["status"] or attempt["error"]
        scene.tell.show(f"try {attempt['number']}  {attempt['startedAt']}  {attempt['durationMs']:>4} ms  {outcome}")
    delivered = all(each["state"] == "delivered" for each in page["deliveries"])
    await scene.tell.promise(f"All {page['total']} deliveries are on record as delivered", delivered, "some are not")


async def _send(scene: Scene, person: User, text: str, *, key: str | None = None) -> Any:
    return await scene.api.post(
        f"/api/whatsapp/{scene.instance}/send", {"phone": str(person.id), "message": text}, key=key
    )


def _texts(person: User) -> list[str]:
    return [f"{person.first_name}'s message {number + 1}" for number in range(WHILE_DOWN + WHILE_DEAD)]


def _everybody_writes(scene: Scene, number: int) -> None:
    for person in scene.people:
        scene.telegram.people.sends_text(person, scene.bot, _texts(person)[number])


async def _owed(scene: Scene) -> int:
    pages = [
        await scene.api.get(f"/api/webhooks/deliveries?instanceId={scene.instance}&state={state}&limit=1", quiet=True)
        for state in ("pending", "leased")
    ]
    return sum(int(page["total"]) for page in pages)


STORY = (log_in, create_bot, receive, reply, photos, once, outage, link_phone, look_back)
