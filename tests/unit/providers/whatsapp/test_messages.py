from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec.structs import replace
from neonize.proto import Neonize_pb2 as neonize
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.events import (
    MessageDeleted,
    MessageEdited,
    MessageReacted,
    MessageReceived,
    MessageSent,
    PollAnswered,
)
from gateway.domain.messages import (
    ChatKind,
    ContactCard,
    Content,
    Location,
    Media,
    MediaKind,
    Poll,
    Text,
    Unknown,
)
from gateway.providers.whatsapp.inbound.convert import convert, vote_in
from gateway.providers.whatsapp.media_ref import MediaRef, decode_ref
from tests.unit.providers.whatsapp.wire import (
    ANN_LID,
    ANN_PN,
    BOB_LID,
    BOB_PN,
    CONTEXT,
    GROUP,
    ME_LID,
    ME_PN,
    NOW,
    SENT,
    arrived,
    from_my_phone,
    in_group,
    info,
    key,
    noted,
    source,
    text,
    told,
)

FILE: dict[str, Any] = {
    "directPath": "/v/t62/x?ccb=1",
    "mediaKey": b"k" * 32,
    "fileSHA256": b"s" * 32,
    "fileEncSHA256": b"e" * 32,
    "fileLength": 1234,
    "mimetype": "a/b",
}


def content(message: wa.Message) -> Content:
    [event] = told(17, arrived(message))
    assert isinstance(event, MessageReceived)
    return event.message.content


def test_a_text_is_received_from_a_person_under_both_names() -> None:
    [event] = told(17, arrived(text()))
    assert isinstance(event, MessageReceived)
    message = event.message
    assert (message.network_id, message.content, message.sent_at) == ("3EB0AAAA", Text(text="hello"), SENT)
    assert message.chat.address == message.sender.address == ANN_PN
    assert (message.chat.pn, message.chat.lid) == (message.sender.pn, message.sender.lid) == (ANN_PN, ANN_LID)
    assert (message.sender.name, message.sender.phone, message.chat.kind) == ("Ann", "4915100000002", ChatKind.PRIVATE)
    assert not message.from_me


def test_who_is_known_by_lid_alone_is_named_by_it_until_the_pair_is_known() -> None:
    hidden = arrived(text(), info(source(sender_alt="")))
    [event] = told(17, hidden)
    assert isinstance(event, MessageReceived)
    assert (event.message.chat.address, event.message.sender.pn, event.message.sender.phone) == (ANN_LID, None, None)
    [event] = told(17, hidden, replace(CONTEXT, pns={ANN_LID: ANN_PN}))
    assert isinstance(event, MessageReceived)
    assert event.message.chat.address == event.message.sender.address == ANN_PN


def test_what_the_own_phone_wrote_is_sent_and_belongs_to_the_other_persons_chat() -> None:
    wrapped = wa.Message(deviceSentMessage=wa.DeviceSentMessage(destinationJID=ANN_LID, message=text()))
    for message in (text(), wrapped):
        [event] = told(17, arrived(message, info(from_my_phone(), Pushname="Me")))
        assert isinstance(event, MessageSent)
        assert event.message.from_me
        assert (event.message.chat.address, event.message.chat.lid, event.message.chat.title) == (ANN_PN, ANN_LID, "")
        assert (event.message.sender.address, event.message.sender.lid) == (ME_PN, ME_LID)
        assert event.message.content == Text(text="hello")


def test_a_group_message_is_in_the_group_and_by_its_sender() -> None:
    [event] = told(17, arrived(text(), info(in_group())))
    assert isinstance(event, MessageReceived)
    assert (event.message.chat.address, event.message.chat.kind) == (GROUP, ChatKind.GROUP)
    assert (event.message.sender.address, event.message.sender.name) == (ANN_PN, "Ann")


def test_a_status_and_a_broadcast_list_are_where_people_look_for_them() -> None:
    [event] = told(17, arrived(text(), info(source("status@broadcast", group=True))))
    assert isinstance(event, MessageReceived)
    assert (event.message.chat.address, event.message.chat.kind) == ("status@broadcast", ChatKind.CHANNEL)
    assert event.message.sender.address == ANN_PN
    [event] = told(17, arrived(text(), info(source("1700000000@broadcast", group=True))))
    assert isinstance(event, MessageReceived)
    assert (event.message.chat.address, event.message.chat.kind) == (ANN_PN, ChatKind.PRIVATE)


def test_a_channels_message_is_known_by_its_number_and_an_edit_of_it_too() -> None:
    channel = source("120363000000000009@newsletter", "120363000000000009@newsletter", sender_alt="")
    about = info(channel, ServerID=117, Pushname="")
    [event] = told(17, arrived(text(), about))
    assert isinstance(event, MessageReceived)
    assert (event.message.network_id, event.message.chat.kind) == ("117", ChatKind.CHANNEL)
    meta = neonize.NewsLetterMessageMeta(EditTS=int(NOW.timestamp()), OriginalTS=int(SENT.timestamp()))
    [edited] = told(17, arrived(text("hello!"), about, NewsLetterMeta=meta))
    assert isinstance(edited, MessageEdited)
    assert (edited.network_id, edited.content, edited.at) == ("117", Text(text="hello!"), NOW)
    [deleted] = told(17, arrived(wa.Message(), info(channel, ServerID=117, Edit="8")))
    assert isinstance(deleted, MessageDeleted)
    assert deleted.network_id == "117"


def test_a_long_text_brings_its_quote_its_mentions_and_that_it_was_forwarded() -> None:
    about = wa.ContextInfo(
        stanzaID="3EB0QUOTED", mentionedJID=[BOB_LID, BOB_PN, "4915100000009@s.whatsapp.net"], isForwarded=True
    )
    message = wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text="look", contextInfo=about))
    [event] = told(17, arrived(message), replace(CONTEXT, pns={BOB_LID: BOB_PN}))
    assert isinstance(event, MessageReceived)
    assert event.message.content == Text(text="look")
    assert event.message.reply_to == "3EB0QUOTED"
    assert event.message.mentions == (BOB_PN, "4915100000009@s.whatsapp.net")
    assert event.message.forwarded


@pytest.mark.parametrize(
    ("message", "kind", "file"),
    [
        (wa.Message(imageMessage=wa.ImageMessage(caption="c", **FILE)), MediaKind.IMAGE, "image"),
        (wa.Message(videoMessage=wa.VideoMessage(caption="c", **FILE)), MediaKind.VIDEO, "video"),
        (wa.Message(videoMessage=wa.VideoMessage(caption="c", gifPlayback=True, **FILE)), MediaKind.ANIMATION, "video"),
        (wa.Message(ptvMessage=wa.VideoMessage(caption="c", **FILE)), MediaKind.VIDEO_NOTE, "video"),
        (wa.Message(audioMessage=wa.AudioMessage(**FILE)), MediaKind.AUDIO, "audio"),
        (wa.Message(audioMessage=wa.AudioMessage(PTT=True, **FILE)), MediaKind.VOICE, "audio"),
        (wa.Message(documentMessage=wa.DocumentMessage(caption="c", **FILE)), MediaKind.DOCUMENT, "document"),
        (wa.Message(stickerMessage=wa.StickerMessage(**FILE)), MediaKind.STICKER, "sticker"),
    ],
)
def test_a_file_has_a_handle_with_everything_a_download_needs(message: wa.Message, kind: MediaKind, file: str) -> None:
    media = content(message)
    assert isinstance(media, Media)
    assert (media.media, media.size, media.mime_type) == (kind, 1234, "a/b")
    assert decode_ref(media.ref) == MediaRef(
        kind=file,  # type: ignore[arg-type]  # one of the literals
        direct_path="/v/t62/x?ccb=1",
        media_key=b"k" * 32,
        file_enc_sha256=b"e" * 32,
        file_sha256=b"s" * 32,
        file_length=1234,
    )


def test_a_captioned_document_a_view_once_picture_and_a_disappearing_text_are_what_is_inside() -> None:
    document = wa.Message(documentMessage=wa.DocumentMessage(fileName="a.pdf", caption="see", **FILE))
    inner = content(wa.Message(documentWithCaptionMessage=wa.FutureProofMessage(message=document)))
    assert isinstance(inner, Media)
    assert (inner.file_name, inner.caption) == ("a.pdf", "see")
    picture = wa.Message(
        viewOnceMessageV2=wa.FutureProofMessage(message=wa.Message(imageMessage=wa.ImageMessage(**FILE)))
    )
    both = content(wa.Message(ephemeralMessage=wa.FutureProofMessage(message=picture)))
    assert isinstance(both, Media)
    assert both.media is MediaKind.IMAGE
    assert content(wa.Message(ephemeralMessage=wa.FutureProofMessage(message=text("gone soon")))) == Text(
        text="gone soon"
    )


def test_places_are_degrees_and_nonsense_is_not_a_place() -> None:
    place = wa.LocationMessage(degreesLatitude=52.5, degreesLongitude=13.4, name="Café", address="Street 1")
    assert content(wa.Message(locationMessage=place)) == Location(
        latitude=52.5, longitude=13.4, title="Café", address="Street 1"
    )
    live = wa.LiveLocationMessage(degreesLatitude=1, degreesLongitude=2, caption="on my way")
    assert content(wa.Message(liveLocationMessage=live)) == Location(latitude=1, longitude=2, title="on my way")
    nowhere = wa.LocationMessage(degreesLatitude=float("nan"), degreesLongitude=700)
    assert content(wa.Message(locationMessage=nowhere)) == Unknown(network_kind="locationMessage")


def test_a_card_tells_who_is_on_whatsapp() -> None:
    vcard = (
        "BEGIN:VCARD\nVERSION:3.0\nN:Builder;Bob;;;\nFN:Bob Builder\n"
        "item1.TEL;type=HOME:+49 30 1234\nitem2.TEL;type=CELL;waid=4915100000003:+49 151 0000 0003\nEND:VCARD"
    )
    card = content(wa.Message(contactMessage=wa.ContactMessage(displayName="Bob", vcard=vcard)))
    assert card == ContactCard(name="Bob", phone="+49 151 0000 0003", address=BOB_PN, vcard=vcard)
    two = wa.ContactsArrayMessage(
        contacts=[wa.ContactMessage(vcard=vcard), wa.ContactMessage(displayName="Cem", vcard="BEGIN:VCARD\nEND:VCARD")]
    )
    several = content(wa.Message(contactsArrayMessage=two))
    assert isinstance(several, ContactCard)
    assert (several.name, several.address) == ("Bob Builder, Cem", BOB_PN)
    assert several.vcard is not None
    assert several.vcard.count("BEGIN:VCARD") == 2


@pytest.mark.parametrize(
    "field", ["pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3", "pollCreationMessageV5"]
)
def test_a_poll_is_named_by_its_message(field: str) -> None:
    poll = wa.PollCreationMessage(
        name="When?",
        options=[wa.PollCreationMessage.Option(optionName=name) for name in ("now", "later")],
        selectableOptionsCount=1,
    )
    assert content(wa.Message(**{field: poll})) == Poll(
        question="When?", options=("now", "later"), multiple=False, anonymous=False, ref="3EB0AAAA"
    )


def test_a_vote_is_told_by_digests_once_it_is_decrypted() -> None:
    update = wa.PollUpdateMessage(
        pollCreationMessageKey=key("3EB0POLL"), vote=wa.PollEncValue(encPayload=b"x", encIV=b"y")
    )
    sealed = arrived(wa.Message(pollUpdateMessage=update), info(in_group()))
    asked = vote_in(17, sealed.SerializePartialToString())
    assert asked is not None
    assert asked.Info.ID == "3EB0AAAA"
    digest = hashlib.sha256(b"now").digest()
    [event] = told(17, sealed, vote=wa.PollVoteMessage(selectedOptions=[digest]))
    assert isinstance(event, PollAnswered)
    assert (event.poll_ref, event.digests, event.sender.address) == ("3EB0POLL", (digest.hex(),), ANN_PN)
    assert event.dedupe_key
    [withdrawn] = told(17, sealed, vote=wa.PollVoteMessage())
    assert isinstance(withdrawn, PollAnswered)
    assert withdrawn.digests == ()


def test_a_vote_nobody_could_decrypt_is_a_note_and_not_a_withdrawn_vote() -> None:
    update = wa.PollUpdateMessage(pollCreationMessageKey=key(), vote=wa.PollEncValue())
    sealed = arrived(wa.Message(pollUpdateMessage=update))
    assert told(17, sealed) == []
    assert [note.level for note in noted(17, sealed)] == ["warning"]
    assert vote_in(17, arrived(text()).SerializePartialToString()) is None
    assert vote_in(17, b"\xff") is None


def test_reactions_come_and_go() -> None:
    for emoji, meant in (("👍", ("👍",)), ("", ())):
        message = wa.Message(reactionMessage=wa.ReactionMessage(key=key(from_me=True), text=emoji))
        [event] = told(17, arrived(message))
        assert isinstance(event, MessageReacted)
        assert (event.network_id, event.emoji, event.from_me) == ("3EB0BBBB", meant, False)
        assert event.sender is not None
        assert event.sender.address == event.chat.address == ANN_PN


def test_an_edit_replaces_the_words_of_the_message_it_names() -> None:
    edit = wa.ProtocolMessage(key=key(), type=wa.ProtocolMessage.MESSAGE_EDIT, editedMessage=text("better"))
    bare = wa.Message(protocolMessage=edit)
    for message in (bare, wa.Message(editedMessage=wa.FutureProofMessage(message=bare))):
        [event] = told(17, arrived(message, info(Edit="1")))
        assert isinstance(event, MessageEdited)
        assert (event.network_id, event.content, event.from_me) == ("3EB0BBBB", Text(text="better"), False)
    [event] = told(17, arrived(bare, info(from_my_phone())))
    assert isinstance(event, MessageEdited)
    assert event.from_me
    assert event.chat.address == ANN_PN


def test_an_edited_caption_without_its_file_has_no_handle_to_overwrite_the_old_one_with() -> None:
    picture = wa.Message(imageMessage=wa.ImageMessage(caption="better"))
    edit = wa.ProtocolMessage(key=key(), type=wa.ProtocolMessage.MESSAGE_EDIT, editedMessage=picture)
    [event] = told(17, arrived(wa.Message(protocolMessage=edit)))
    assert isinstance(event, MessageEdited)
    assert isinstance(event.content, Media)
    assert (event.content.ref, event.content.caption) == ("", "better")


def test_a_message_is_taken_back_by_whoever_took_it_back() -> None:
    revoke = wa.ProtocolMessage(key=key(), type=wa.ProtocolMessage.REVOKE)
    [event] = told(17, arrived(wa.Message(protocolMessage=revoke), info(in_group(BOB_LID, BOB_PN), Edit="8")))
    assert isinstance(event, MessageDeleted)
    assert (event.network_id, event.chat.address) == ("3EB0BBBB", GROUP)
    assert event.sender is not None
    assert event.sender.address == BOB_PN


@pytest.mark.parametrize(
    "message",
    [
        wa.Message(senderKeyDistributionMessage=wa.SenderKeyDistributionMessage(groupID=GROUP)),
        wa.Message(messageContextInfo=wa.MessageContextInfo(messageSecret=b"s")),
        wa.Message(
            protocolMessage=wa.ProtocolMessage(type=wa.ProtocolMessage.EPHEMERAL_SETTING, ephemeralExpiration=86400)
        ),
        wa.Message(protocolMessage=wa.ProtocolMessage(type=wa.ProtocolMessage.APP_STATE_SYNC_KEY_SHARE)),
        wa.Message(protocolMessage=wa.ProtocolMessage(type=wa.ProtocolMessage.HISTORY_SYNC_NOTIFICATION)),
        wa.Message(albumMessage=wa.AlbumMessage(expectedImageCount=2)),
    ],
)
def test_what_devices_tell_each_other_is_no_news(message: wa.Message) -> None:
    assert convert(17, arrived(message).SerializePartialToString(), CONTEXT) == ()


def test_a_key_beside_a_text_does_not_hide_the_text() -> None:
    both = wa.Message(senderKeyDistributionMessage=wa.SenderKeyDistributionMessage(groupID=GROUP), conversation="hello")
    assert content(both) == Text(text="hello")


def test_what_has_no_word_here_is_told_by_whatsapps_name_of_it() -> None:
    assert content(wa.Message(productMessage=wa.ProductMessage())) == Unknown(network_kind="productMessage")
    assert content(wa.Message()) == Unknown(network_kind="empty")
    newer = wa.Message.FromString(b"\xc2\x5d\x00")  # field 1496, which this library has never heard of
    assert content(newer) == Unknown(network_kind="field_1496")


def test_what_a_business_writes_on_buttons_is_text() -> None:
    assert content(wa.Message(buttonsMessage=wa.ButtonsMessage(contentText="Choose"))) == Text(text="Choose")
    reply = wa.ButtonsResponseMessage(selectedDisplayText="Yes", selectedButtonID="1")
    assert content(wa.Message(buttonsResponseMessage=reply)) == Text(text="Yes")


def test_an_unreadable_message_waits_for_its_readable_copy() -> None:
    lost = neonize.UndecryptableMessage(
        Info=info(), IsUnavailable=False, DecryptFailMode=neonize.UndecryptableMessage.DECRYPT_FAIL_SHOW
    )
    assert told(44, lost) == []
    [note] = noted(44, lost)
    assert note.unread is not None
    assert note.unread.message.content == Unknown(network_kind="undecryptable")
    [readable] = told(17, arrived(text()))
    assert isinstance(readable, MessageReceived)
    assert readable.message.network_id == note.unread.message.network_id
    lost.DecryptFailMode = neonize.UndecryptableMessage.DECRYPT_FAIL_HIDE
    assert [each.unread for each in noted(44, lost)] == [None]


def test_the_same_payload_has_the_same_keys_and_another_happening_has_others() -> None:
    react = wa.Message(reactionMessage=wa.ReactionMessage(key=key(), text="👍"))
    keys = [
        told(17, arrived(react, about))[0].dedupe_key
        for about in (info(), info(), info(ID="3EB0CCCC"), info(in_group()), info(in_group(BOB_LID, BOB_PN)))
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
    known = told(17, arrived(react), replace(CONTEXT, pns={ANN_LID: ANN_PN}))[0]
    assert known.dedupe_key == keys[0]


def test_odd_times_and_odd_letters_do_no_harm() -> None:
    [event] = told(17, arrived(text("a\0b"), info(Timestamp=2**62, Pushname="Ann\0")))
    assert isinstance(event, MessageReceived)
    assert (event.message.content, event.message.sender.name) == (Text(text="ab"), "Ann")
    assert event.at == NOW
