"""Asking a phone for a file again, as clients other than neonize can: the sealed request and the sealed answer."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from neonize.proto.waMmsRetry.WAMmsRetry_pb2 import MediaRetryNotification, ServerErrorReceipt

from tests.simulators.whatsapp.directory import Device
from tests.simulators.whatsapp.media import Media
from tests.simulators.whatsapp.media_keys import decrypt_file
from tests.simulators.whatsapp.media_retry import MediaRetry, retry_key
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.world import World

MESSAGE = "3EB0AA"


def request(device: Device, key: bytes) -> Node:
    iv = os.urandom(12)
    note = ServerErrorReceipt(stanzaID=MESSAGE).SerializeToString()
    sealed = AESGCM(retry_key(key)).encrypt(iv, note, MESSAGE.encode())
    encrypt = Node("encrypt", {}, [Node("enc_p", {}, sealed), Node("enc_iv", {}, iv)])
    about = Node("rmr", {"jid": device.user.pn, "from_me": "false"})
    return Node("receipt", {"id": MESSAGE, "type": "server-error"}, [encrypt, about])


def test_a_lost_file_is_uploaded_again_under_a_new_path() -> None:
    world = World()
    device = Device(world.directory.user("491700000001", "Gateway"), 1)
    media = Media(world)
    retry = MediaRetry(world, media)
    file = media.store(b"a picture", "image")
    media.lose(file.direct_path)
    retry.keep(MESSAGE, device.user.pn, file)

    retry.serve(device, request(device, file.key))
    [answer] = device.mail.waiting()
    sealed, iv = answer.child("encrypt", "enc_p"), answer.child("encrypt", "enc_iv")
    assert sealed is not None
    assert iv is not None
    opened = AESGCM(retry_key(file.key)).decrypt(iv.data(), sealed.data(), MESSAGE.encode())
    note = MediaRetryNotification.FromString(opened)
    assert note.result == MediaRetryNotification.SUCCESS
    blob = media.http("GET", note.directPath, {}, b"").body
    assert decrypt_file(blob, "image", file.key) == b"a picture"


def test_a_request_sealed_with_another_key_learns_nothing() -> None:
    world = World()
    device = Device(world.directory.user("491700000001", "Gateway"), 1)
    media = Media(world)
    retry = MediaRetry(world, media)
    retry.keep(MESSAGE, device.user.pn, media.store(b"a picture", "image"))
    retry.serve(device, request(device, os.urandom(32)))
    [answer] = device.mail.waiting()
    error = answer.child("error")
    assert error is not None
    assert error.get("code") == "2"
