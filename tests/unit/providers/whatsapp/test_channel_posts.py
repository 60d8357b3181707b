"""Channels as WhatsApp tells them, in the gateway's words."""

from __future__ import annotations

import pytest
from neonize.proto import Neonize_pb2 as neonize
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.ids import Address
from gateway.domain.messages import ChatKind
from gateway.providers.whatsapp import channel_posts
from tests.unit.providers.whatsapp.wire import CONTEXT, jid

CHANNEL = Address("120363000000000009@newsletter")


def told(role: neonize.NewsletterRole.ValueType = neonize.SUBSCRIBER, code: str = "") -> neonize.NewsletterMetadata:
    return neonize.NewsletterMetadata(
        ID=jid(CHANNEL),
        ThreadMeta=neonize.NewsletterThreadMetadata(
            Name=neonize.NewsletterText(Text="News"),
            Description=neonize.NewsletterText(Text="Of the day"),
            InviteCode=code,
            SubscriberCount=7,
        ),
        ViewerMeta=neonize.NewsletterViewerMetadata(Role=role),
    )


def test_a_channel_has_its_name_its_size_and_its_link() -> None:
    channel = channel_posts._channel(told(code="0029Va"))
    assert (channel.address, channel.name, channel.description) == (CHANNEL, "News", "Of the day")
    assert (channel.subscribers, channel.invite_link) == (7, "https://whatsapp.com/channel/0029Va")
    assert channel_posts._channel(told()).invite_link is None


@pytest.mark.parametrize(
    ("role", "word"),
    [
        (neonize.SUBSCRIBER, "subscriber"),
        (neonize.GUEST, "guest"),
        (neonize.ADMIN, "admin"),
        (neonize.OWNER, "owner"),
    ],
)
def test_a_role_in_a_channel_is_a_word(role: neonize.NewsletterRole.ValueType, word: str) -> None:
    assert channel_posts._channel(told(role)).role == word


def test_posts_are_told_newest_first_by_number_and_come_from_the_channel() -> None:
    posted = [
        neonize.NewsletterMessage(MessageServerID=number, Message=wa.Message(conversation=f"post {number}"))
        for number in (9, 100, 11)
    ]
    posts = channel_posts._posts(posted, CHANNEL, CONTEXT)
    assert [post.network_id for post in posts] == ["100", "11", "9"]
    assert [post.body for post in posts] == ["post 100", "post 11", "post 9"]
    assert {post.chat.kind for post in posts} == {ChatKind.CHANNEL}
    assert {post.chat.address for post in posts} == {post.sender.address for post in posts} == {CHANNEL}


def test_a_post_without_readable_content_is_told_all_the_same() -> None:
    (post,) = channel_posts._posts([neonize.NewsletterMessage(MessageServerID=1)], CHANNEL, CONTEXT)
    assert (post.network_id, post.kind) == ("1", "unknown")
