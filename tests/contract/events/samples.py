"""One event of every type, as the samples beside this file show them on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.domain.events import (
    AcceptedEvent,
    ButtonPressed,
    CallEnded,
    CallReceived,
    ChatChanged,
    ContactsUpdated,
    EndpointDisabled,
    EndpointTested,
    EndpointUpdated,
    Event,
    HistoryReceived,
    MemberChanged,
    MessageDeleted,
    MessageEdited,
    MessageReacted,
    MessageReceived,
    MessageSent,
    MessageStatusChanged,
    PollAnswered,
    PresenceChanged,
    SessionConnected,
    SessionDisconnected,
    SessionLoginRequired,
    SessionRestricted,
    SessionStalled,
    SessionStarting,
    UsageLimitExceeded,
)
from gateway.domain.ids import Address, EndpointId, EventId, InstanceId, TenantId
from gateway.domain.instances import Identity, ProviderName, SessionState, SessionStateKind
from gateway.domain.messages import (
    Chat,
    ChatKind,
    ContactCard,
    Location,
    Media,
    MediaKind,
    Message,
    MessageStatus,
    Person,
    Poll,
    Text,
    Unknown,
)
from gateway.domain.usage import Counters
from gateway.domain.usage_limits import Exceeded, UsageLimits

INSTANCE = InstanceId("instance_id")
ENDPOINT = EndpointId("endpoint_id")
AT = datetime(2023, 1, 1, 12, 0, 0, tzinfo=UTC)
SENT_AT = datetime(2023, 1, 1, 0, 0, 0, tzinfo=UTC)
IVAN = Person(address=Address("79001234567@s.whatsapp.net"), name="Иван", phone="79001234567")
CHAT = Chat(address=IVAN.address, kind=ChatKind.PRIVATE, title="Иван")
GROUP = Chat(address=Address("-1001234567890"), kind=ChatKind.GROUP, title="Команда")

ANNA = Person(
    address=Address("79007654321@s.whatsapp.net"),
    name="Анна",
    phone="79007654321",
    pn=Address("79007654321@s.whatsapp.net"),
    lid=Address("164987654321987@lid"),
)
ANNAS_CHAT = Chat(address=ANNA.address, kind=ChatKind.PRIVATE, title="Анна", pn=ANNA.pn, lid=ANNA.lid)
TEAM = Chat(address=Address("120363041234567890@g.us"), kind=ChatKind.GROUP, title="Команда")


def _message(content: object, *, chat: Chat = CHAT, from_me: bool = False, reply_to: str | None = None) -> Message:
    return Message(
        network_id="whatsapp_message_id",
        chat=chat,
        sender=IVAN,
        content=content,  # type: ignore[arg-type]  # one of Content; the union would only repeat itself here
        sent_at=SENT_AT,
        from_me=from_me,
        reply_to=reply_to,
    )


def _state(kind: SessionStateKind, sentence: str) -> SessionState:
    return SessionState(kind=kind, code=kind.value, sentence=sentence, at=AT)


SAMPLES: dict[str, Event] = {
    "message.received": MessageReceived(instance_id=INSTANCE, at=AT, message=_message(Text(text="Привет! Как дела?"))),
    "message.received.image": MessageReceived(
        instance_id=INSTANCE,
        at=AT,
        message=_message(
            Media(media=MediaKind.IMAGE, ref="file-1", mime_type="image/jpeg", size=1234, caption="Смотри"),
            chat=GROUP,
            reply_to="42",
        ),
    ),
    "message.received.location": MessageReceived(
        instance_id=INSTANCE, at=AT, message=_message(Location(latitude=55.0, longitude=37.6173))
    ),
    "message.received.contact": MessageReceived(
        instance_id=INSTANCE, at=AT, message=_message(ContactCard(name="Анна", phone="+79007654321"))
    ),
    "message.received.poll": MessageReceived(
        instance_id=INSTANCE, at=AT, message=_message(Poll(question="Чай?", options=("да", "нет"), ref="poll-1"))
    ),
    "message.received.unknown": MessageReceived(
        instance_id=INSTANCE, at=AT, message=_message(Unknown(network_kind="dice"))
    ),
    "message.received.group": MessageReceived(
        instance_id=INSTANCE,
        at=AT,
        message=Message(
            network_id="3EB0C767D097E9ECFE74",
            chat=TEAM,
            sender=ANNA,
            content=Text(text="@79001234567 смотри"),
            sent_at=SENT_AT,
            mentions=(IVAN.address,),
            forwarded=True,
        ),
    ),
    "message.sent.names": MessageSent(
        instance_id=INSTANCE,
        at=AT,
        message=Message(
            network_id="3EB0C767D097E9ECFE75",
            chat=ANNAS_CHAT,
            sender=IVAN,
            content=Text(text="Да"),
            sent_at=SENT_AT,
            from_me=True,
        ),
    ),
    "message.sent": MessageSent(
        instance_id=INSTANCE, at=AT, message=_message(Text(text="Привет! Всё хорошо."), from_me=True)
    ),
    "message.sent.url": MessageSent(
        instance_id=INSTANCE,
        at=AT,
        message=_message(
            Media(media=MediaKind.IMAGE, ref="file-2", mime_type="image/png", caption="Фото"), from_me=True
        ),
        media_url="https://example.com/cat.png",
        media_size=4567,
    ),
    "message.sent.file": MessageSent(
        instance_id=INSTANCE,
        at=AT,
        message=_message(
            Media(media=MediaKind.DOCUMENT, ref="file-3", mime_type="application/pdf", file_name="счёт.pdf"),
            from_me=True,
        ),
        media_size=99,
    ),
    "message.status_changed": MessageStatusChanged(
        instance_id=INSTANCE, at=AT, chat=CHAT, network_id="whatsapp_message_id", status=MessageStatus.DELIVERED
    ),
    "message.edited": MessageEdited(
        instance_id=INSTANCE,
        at=AT,
        chat=CHAT,
        network_id="whatsapp_message_id",
        sender=IVAN,
        content=Text(text="Привет!"),
    ),
    "message.deleted": MessageDeleted(
        instance_id=INSTANCE, at=AT, chat=CHAT, network_id="whatsapp_message_id", sender=IVAN
    ),
    "message.reacted": MessageReacted(
        instance_id=INSTANCE, at=AT, chat=CHAT, network_id="whatsapp_message_id", sender=IVAN, emoji=("👍",)
    ),
    "button.pressed": ButtonPressed(
        instance_id=INSTANCE, at=AT, query_id="query-1", sender=IVAN, data="yes", chat=CHAT, network_id="7"
    ),
    "poll.answered": PollAnswered(instance_id=INSTANCE, at=AT, poll_ref="poll-1", sender=IVAN, options=(0, 2)),
    "chat.member_changed": MemberChanged(
        instance_id=INSTANCE, at=AT, chat=GROUP, member=IVAN, before="left", after="member", by=IVAN
    ),
    "poll.answered.digests": PollAnswered(
        instance_id=INSTANCE,
        at=AT,
        poll_ref="3EB0C767D097E9ECFE76",
        sender=ANNA,
        options=(1,),
        chat=TEAM,
        digests=("59a2f99a434df96109e7d6ad1f70131bb8d34ce17d8f07bcddcc66fbcd66a5bf",),
    ),
    "chat.changed": ChatChanged(
        instance_id=INSTANCE, at=AT, chat=TEAM, by=ANNA, title="Команда", only_admins_write=True
    ),
    "presence.changed": PresenceChanged(
        instance_id=INSTANCE, at=AT, person=ANNA, presence="unavailable", last_seen_at=SENT_AT
    ),
    "presence.changed.typing": PresenceChanged(instance_id=INSTANCE, at=AT, person=ANNA, presence="typing", chat=TEAM),
    "call.received": CallReceived(
        instance_id=INSTANCE, at=AT, call_id="1F2E3D4C5B6A", sender=ANNA, chat=ANNAS_CHAT, video=True, rejected=True
    ),
    "call.ended": CallEnded(instance_id=INSTANCE, at=AT, call_id="1F2E3D4C5B6A", sender=ANNA, reason="timeout"),
    "contacts.updated": ContactsUpdated(instance_id=INSTANCE, at=AT, people=(ANNA,), from_address_book=True),
    "history.received": HistoryReceived(
        instance_id=INSTANCE,
        at=AT,
        messages=(
            Message(
                network_id="3EB0C767D097E9ECFE01",
                chat=ANNAS_CHAT,
                sender=ANNA,
                content=Text(text="Привет!"),
                sent_at=SENT_AT,
            ),
        ),
        progress=40,
    ),
    "session.starting": SessionStarting(
        instance_id=INSTANCE, at=AT, state=_state(SessionStateKind.STARTING, "The session is being opened.")
    ),
    "session.connected": SessionConnected(
        instance_id=INSTANCE, at=AT, state=_state(SessionStateKind.CONNECTED, "Connected.")
    ),
    "session.disconnected": SessionDisconnected(
        instance_id=INSTANCE,
        at=AT,
        state=_state(SessionStateKind.LOGGED_OUT, "The network ended the session."),
        reason="logout",
        will_reconnect=False,
    ),
    "session.stalled": SessionStalled(
        instance_id=INSTANCE,
        at=AT,
        state=_state(SessionStateKind.STALLED, "The network is silent; the connection is being opened again."),
    ),
    "session.restricted": SessionRestricted(
        instance_id=INSTANCE,
        at=AT,
        state=SessionState(
            kind=SessionStateKind.RESTRICTED,
            code="temporary_ban",
            sentence="WhatsApp has banned the account for a while.",
            at=AT,
            until=AT + timedelta(hours=24),
        ),
    ),
    "session.login_required": SessionLoginRequired(
        instance_id=INSTANCE,
        at=AT,
        state=_state(SessionStateKind.LOGIN_REQUIRED, "Scan the QR code."),
        qr_code="1@HbT1Ye1Hhb9eB9KRWwRQbz4IP3w==,some-qr-string-data",
    ),
    "endpoint.updated": EndpointUpdated(instance_id=INSTANCE, at=AT, endpoint_id=ENDPOINT),
    "endpoint.disabled": EndpointDisabled(
        instance_id=INSTANCE, at=AT, endpoint_id=ENDPOINT, reason="It answered 410 Gone."
    ),
    "usage.limit_exceeded": UsageLimitExceeded(
        instance_id=INSTANCE,
        at=AT,
        exceeded=(Exceeded(limit="max_messages_sent", most=1000, used=1001),),
        limits=UsageLimits(max_messages_sent=1000),
        used=Counters(messages_sent=1000, messages_received=7, media_sent=2, total_media_size=52_000, api_calls=1010),
        frees_at=datetime(2023, 1, 2, 0, 0, 0, tzinfo=UTC),
    ),
    "endpoint.tested": EndpointTested(instance_id=INSTANCE, at=AT, endpoint_id=ENDPOINT),
}
"""By event type, with a word behind it where one type has several faces."""


TELLER = Identity(tenant_id=TenantId("tenant_id"), provider=ProviderName.WHATSAPP, account="79990001122")
"""The instance whose events these are."""


def accepted(event: Event) -> AcceptedEvent:
    """The event as the inbox would have committed it."""
    return AcceptedEvent(
        id=EventId("evt_0185697a1e00a1b2c3d4e5f6a7b8c9d0"),
        position=1,
        tenant_id=TenantId("tenant_id"),
        sequence=3,
        event=event,
        created_at=AT,
    )
