"""What a person writes, from JSON: every kind of message WhatsApp's phones can send.

`kind` chooses; common to most are `reply_to` (id of a message the person knows) and `mentions` (phone numbers).

    text      text
    image     data (base64), caption, mimetype        also video, gif, audio, voice, document (filename), sticker
    location  latitude, longitude, name, address      live_location: latitude, longitude, text
    contact   name, phone
    poll      name, options, selectable               vote: poll (id), options
    reaction  target (id), emoji ("" takes it back)
    edit      target, text                            revoke: target
    raw       message (base64 of a protobuf Message)
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.media import Media
from tests.simulators.whatsapp.polls import seal_vote

Order = Mapping[str, Any]

_FILES = {
    "image": ("imageMessage", "image", "image/jpeg"),
    "video": ("videoMessage", "video", "video/mp4"),
    "gif": ("videoMessage", "video", "video/mp4"),
    "audio": ("audioMessage", "audio", "audio/mpeg"),
    "voice": ("audioMessage", "audio", "audio/ogg; codecs=opus"),
    "document": ("documentMessage", "document", "application/octet-stream"),
    "sticker": ("stickerMessage", "sticker", "image/webp"),
}


@dataclass(frozen=True)
class Writer:
    """A person about to write in a chat: `chat` is the other person's LID or the group."""

    person: User
    chat: JID
    find: Callable[[str], User]
    media: Media

    def compose(self, order: Order) -> Any:
        """The message; raises KeyError for what is missing or unknown."""
        kind = order["kind"]
        if kind in _FILES:
            return self._file(kind, order)
        makers: Mapping[str, Callable[[Order], Any]] = {
            "text": self._text,
            "location": self._location,
            "live_location": self._live_location,
            "contact": self._contact,
            "poll": self._poll,
            "vote": self._vote,
            "reaction": self._reaction,
            "edit": self._edit,
            "revoke": self._revoke,
            "raw": lambda given: Message.FromString(base64.b64decode(given["message"])),
        }
        return makers[kind](order)

    def _text(self, order: Order) -> Any:
        if not order.get("reply_to") and not order.get("mentions"):
            return Message(conversation=order["text"])
        message = Message()
        message.extendedTextMessage.text = order["text"]
        self._add_context(message.extendedTextMessage.contextInfo, order)
        return message

    def _file(self, kind: str, order: Order) -> Any:
        field, key_kind, mimetype = _FILES[kind]
        stored = self.media.store(base64.b64decode(order["data"]), key_kind)
        message = Message()
        file = getattr(message, field)
        file.URL, file.directPath, file.mediaKey = stored.url, stored.direct_path, stored.key
        file.fileSHA256, file.fileEncSHA256 = stored.sha256, stored.encrypted_sha256
        file.fileLength, file.mimetype = stored.length, order.get("mimetype") or mimetype
        file.mediaKeyTimestamp = int(time.time())
        for name in ("caption", "seconds", "width", "height"):
            if order.get(name):
                setattr(file, name, order[name])
        if kind == "voice":
            file.PTT = True
        elif kind == "gif":
            file.gifPlayback = True
        elif kind == "document":
            file.fileName = file.title = order.get("filename") or "file.bin"
        self._add_context(file.contextInfo, order)
        return message

    def _location(self, order: Order) -> Any:
        message = Message()
        place = message.locationMessage
        place.degreesLatitude, place.degreesLongitude = order["latitude"], order["longitude"]
        place.name, place.address = order.get("name", ""), order.get("address", "")
        self._add_context(place.contextInfo, order)
        return message

    def _live_location(self, order: Order) -> Any:
        message = Message()
        place = message.liveLocationMessage
        place.degreesLatitude, place.degreesLongitude = order["latitude"], order["longitude"]
        place.caption, place.sequenceNumber = order.get("text", ""), int(time.time() * 1000)
        return message

    def _contact(self, order: Order) -> Any:
        name, phone = order["name"], order["phone"]
        message = Message()
        message.contactMessage.displayName = name
        message.contactMessage.vcard = (
            f"BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\nTEL;type=CELL;waid={phone}:+{phone}\nEND:VCARD"
        )
        self._add_context(message.contactMessage.contextInfo, order)
        return message

    def _poll(self, order: Order) -> Any:
        message = Message()
        poll = message.pollCreationMessageV3
        poll.name, poll.selectableOptionsCount = order["name"], order.get("selectable", 1)
        for option in order["options"]:
            poll.options.add(optionName=option)
        message.messageContextInfo.messageSecret = os.urandom(32)
        return message

    def _vote(self, order: Order) -> Any:
        poll_id = order["poll"]
        poll = self.person.handset.find(poll_id)
        if poll is None:
            raise KeyError(f"{self.person.phone} knows no poll {poll_id}")
        message = Message()
        update = message.pollUpdateMessage
        self._fill_key(update.pollCreationMessageKey, poll_id)
        author = self._author_of(poll_id)
        secret = poll.messageContextInfo.messageSecret
        update.vote.encPayload, update.vote.encIV = seal_vote(
            secret, poll_id, author, self.person.lid, order["options"]
        )
        update.senderTimestampMS = int(time.time() * 1000)
        return message

    def _reaction(self, order: Order) -> Any:
        message = Message()
        self._fill_key(message.reactionMessage.key, order["target"])
        message.reactionMessage.text = order["emoji"]
        message.reactionMessage.senderTimestampMS = int(time.time() * 1000)
        return message

    def _edit(self, order: Order) -> Any:
        message = Message()
        edit = message.editedMessage.message.protocolMessage
        self._fill_key(edit.key, order["target"])
        edit.type = edit.MESSAGE_EDIT
        edit.editedMessage.conversation = order["text"]
        edit.timestampMS = int(time.time() * 1000)
        return message

    def _revoke(self, order: Order) -> Any:
        message = Message()
        self._fill_key(message.protocolMessage.key, order["target"])
        message.protocolMessage.type = message.protocolMessage.REVOKE
        return message

    def _fill_key(self, key: Any, message_id: str) -> None:
        """Name a message as this person sees it."""
        own = message_id in self.person.handset.said
        key.remoteJID, key.fromMe, key.ID = str(self.chat), own, message_id
        if not self.chat.is_person:
            key.participant = str(self._author_of(message_id))

    def _author_of(self, message_id: str) -> JID:
        handset = self.person.handset
        if message_id in handset.said:
            return self.person.lid
        seen = next((seen for seen in reversed(handset.seen) if seen.id == message_id), None)
        return seen.sender.bare() if seen is not None else self.chat

    def _add_context(self, context: Any, order: Order) -> None:
        reply_to = order.get("reply_to")
        if reply_to:
            context.stanzaID = reply_to
            context.participant = str(self._author_of(reply_to))
            quoted = self.person.handset.find(reply_to)
            if quoted is not None:
                context.quotedMessage.CopyFrom(quoted)
        context.mentionedJID.extend(str(self.find(phone).lid) for phone in order.get("mentions") or ())
