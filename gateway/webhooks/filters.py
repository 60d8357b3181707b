"""Which endpoint gets which event. Filters never stop storing, counting or an agent."""

from __future__ import annotations

import re
from typing import assert_never

from msgspec.structs import replace

from gateway.domain.events import (
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
    chat_of,
    person_of,
    type_of,
)
from gateway.domain.messages import Chat, ChatKind, MessageStatus, Person
from gateway.domain.webhooks import Endpoint, EventFilter
from gateway.webhooks.formats import api_name, api_v1_names, has_name

_PUNCTUATION = re.compile(r"[\s()+.\-]")


def wants(endpoint: Endpoint, event: Event) -> bool:
    """Whether a delivery of `event` is owed to `endpoint`. Whether it is enabled is not asked here."""
    match event:
        case EndpointTested():
            return event.endpoint_id == endpoint.id
        case EndpointUpdated() if event.endpoint_id != endpoint.id:
            return False
        case EndpointDisabled() if event.endpoint_id == endpoint.id:
            return False
        case _:
            rules = endpoint.filter
            return (
                has_name(endpoint.format, event)
                and _is_chosen(rules, event)
                and _has_flag(rules, event)
                and _may_come_from(rules, event)
            )


def share_of(endpoint: Endpoint, event: Event) -> Event:
    """What of an event that tells of many people or chats the endpoint may hear; any other event as it is."""
    rules = endpoint.filter
    if rules.allow_private and rules.allow_groups and not rules.allowed_numbers:
        return event
    match event:
        case HistoryReceived():
            messages = tuple(each for each in event.messages if _may_be_heard(rules, each.chat, each.sender))
            return event if len(messages) == len(event.messages) else replace(event, messages=messages)
        case ContactsUpdated():
            people = tuple(each for each in event.people if _may_be_heard(rules, None, each))
            return event if len(people) == len(event.people) else replace(event, people=people)
        case _:
            return event


def _is_chosen(rules: EventFilter, event: Event) -> bool:
    # Every name of an event is understood, whatever the endpoint's format: people copy them from any page.
    types = rules.types
    return (
        not types
        or type_of(event) in types
        or api_name(event) in types
        or any(name in types for name in api_v1_names(event))
    )


def _has_flag(rules: EventFilter, event: Event) -> bool:
    match event:
        case (
            MessageReceived()
            | ButtonPressed()
            | PollAnswered()
            | MemberChanged()
            | ChatChanged()
            | PresenceChanged()
            | CallReceived()
            | CallEnded()
            | ContactsUpdated()
            | HistoryReceived()
        ):
            return rules.received
        case MessageSent():
            return rules.sent
        case MessageStatusChanged():
            return rules.read if event.status is MessageStatus.READ else rules.delivery
        case MessageEdited() | MessageDeleted() | MessageReacted():
            return rules.sent if event.from_me else rules.received
        case (
            SessionStarting()
            | SessionConnected()
            | SessionDisconnected()
            | SessionStalled()
            | SessionRestricted()
            | SessionLoginRequired()
        ):
            return rules.status
        case EndpointUpdated() | EndpointDisabled() | EndpointTested() | UsageLimitExceeded():
            return True
        case _:
            assert_never(event)


def _may_come_from(rules: EventFilter, event: Event) -> bool:
    match event:
        case HistoryReceived():
            return any(_may_be_heard(rules, message.chat, message.sender) for message in event.messages)
        case ContactsUpdated():
            return any(_may_be_heard(rules, None, person) for person in event.people)
        case _:
            return _may_be_heard(rules, chat_of(event), person_of(event))


def _may_be_heard(rules: EventFilter, chat: Chat | None, person: Person | None) -> bool:
    if chat is not None:
        if chat.kind is ChatKind.PRIVATE and not rules.allow_private:
            return False
        if chat.kind is not ChatKind.PRIVATE and not rules.allow_groups:
            return False
    if not rules.allowed_numbers:
        return True
    names: list[str | None] = []
    if chat is not None:
        names += (chat.address, chat.username, chat.pn, chat.lid)
    if person is not None:
        names += (person.address, person.phone, person.pn, person.lid, person.username)
    known = {comparable(name) for name in names if name}
    if not known:
        return True  # it concerns the instance itself
    return any(comparable(number) in known for number in rules.allowed_numbers)


def comparable(name: str) -> str:
    """One spelling for the many of a phone, an id or a username. A group's id (`-100...`) stays unlike a person's."""
    bare = name.strip().removeprefix("@").split("@", 1)[0].split(":", 1)[0].lower()
    digits = _PUNCTUATION.sub("", bare)
    if not digits.isdecimal():
        return bare
    # A leading minus with nothing but digits behind it is a group's id on Telegram, not punctuation of a phone.
    return f"-{digits}" if re.fullmatch(r"-\d+", bare) else digits
