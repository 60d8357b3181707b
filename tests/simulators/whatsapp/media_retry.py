"""Asking the phone to upload a file again: the client's sealed request and the phone's sealed answer.

A client that met 404 or 410 sends a receipt of type server-error, sealed with a key made from the file's own; the phone
(or whoever still has the file) uploads it anew and a mediaretry notification carries the new path. neonize 0.5.2
offers no call for the request and no event for the answer; other clients of this simulator can use both.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from neonize.proto.waMmsRetry.WAMmsRetry_pb2 import MediaRetryNotification, ServerErrorReceipt

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.curve import hkdf
from tests.simulators.whatsapp.directory import Device
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.media import Media, StoredFile
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.world import World

_NOT_ON_PHONE = "2"


@dataclass(frozen=True)
class Kept:
    """A file the phone still has, by the message it came with."""

    file: StoredFile
    chat: JID


class MediaRetry:
    """The phone's side of a media retry."""

    def __init__(self, world: World, media: Media) -> None:
        self._world = world
        self._media = media
        self._kept: dict[str, Kept] = {}

    def keep(self, message_id: str, chat: JID, file: StoredFile) -> None:
        """From now on the phone can upload this message's file again."""
        self._kept[message_id] = Kept(file, chat)

    def take_receipt(self, connection: Connection, node: Node) -> None:
        """A receipt of type server-error."""
        self.serve(connection.require_device(), node)

    def serve(self, device: Device, node: Node) -> None:
        """Upload again and answer, or say that the phone has the file no more."""
        message_id = node.get("id", "")
        kept = self._kept.get(message_id)
        if kept is None or not self._is_genuine(node, message_id, kept.file.key):
            self._answer(device, node, message_id, Node("error", {"code": _NOT_ON_PHONE}))
            return
        path = self._media.put(kept.file.blob)
        self._world.stats["media retry"] += 1
        result = MediaRetryNotification(stanzaID=message_id, directPath=path, result=MediaRetryNotification.SUCCESS)
        iv = os.urandom(12)
        sealed = AESGCM(retry_key(kept.file.key)).encrypt(iv, result.SerializeToString(), message_id.encode())
        content = Node("encrypt", {}, [Node("enc_p", {}, sealed), Node("enc_iv", {}, iv)])
        self._answer(device, node, message_id, content)

    def _is_genuine(self, node: Node, message_id: str, key: bytes) -> bool:
        sealed, iv = node.child("encrypt", "enc_p"), node.child("encrypt", "enc_iv")
        if sealed is None or iv is None:
            return False
        try:
            opened = AESGCM(retry_key(key)).decrypt(iv.data(), sealed.data(), message_id.encode())
        except InvalidTag:
            return False
        return bool(ServerErrorReceipt.FromString(opened).stanzaID == message_id)

    def _answer(self, device: Device, request: Node, message_id: str, content: Node) -> None:
        asked = request.child("rmr")
        attrs = {"from": device.user.pn, "type": "mediaretry", "id": message_id, "t": str(int(time.time()))}
        about = Node("rmr", dict(asked.attrs) if asked is not None else {"jid": device.user.pn, "from_me": "false"})
        self._world.push(device, Node("notification", attrs, [about, content]))


def retry_key(media_key: bytes) -> bytes:
    """The key of both sealed notes, made from the file's key."""
    return hkdf(media_key, 32, info=b"WhatsApp Media Retry Notification")
