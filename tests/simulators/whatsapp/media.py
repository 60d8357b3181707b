"""The media host: where encrypted files are uploaded and fetched, and the stanza that tells clients where it is.

It checks what the real one checks: the upload token is the hash of the body, the login token is the one handed out,
a download names the hash it expects. It never sees a key. Files can be taken away (404) or be expired (410).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.media_keys import EncryptedFile, decrypt_file, encrypt_file
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler
from tests.simulators.whatsapp.world import Feature, HttpAnswer, World

HOST = "mmg.whatsapp.net"
FALLBACK_HOST = "media-fra3-1.cdn.whatsapp.net"
PICTURE_HOST = "pps.whatsapp.net"

_FOLDER = "/v/t62.7118-24/"
_OCTETS = "application/octet-stream"


@dataclass(frozen=True)
class StoredFile(EncryptedFile):
    """An encrypted file that the host serves."""

    direct_path: str
    url: str


class Media(Feature):
    """Blobs by path. The query after `?` is part of a direct path, because clients append to it with `&`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.blobs: dict[str, bytes] = {}
        self.gone: dict[str, int] = {}  # path -> 404 or 410
        self.refuse_uploads = 0  # so many uploads are answered 500
        self.auth = secrets.token_urlsafe(24)
        self.iq: Mapping[str, Handler] = {"w:m": self._connection}

    # What phones and tests do

    def store(self, data: bytes, kind: str) -> StoredFile:
        """A phone uploads a file; `kind` is a key of media_keys.LABELS."""
        file = encrypt_file(data, kind)
        path = self.put(file.blob)
        return StoredFile(
            file.blob, file.key, file.sha256, file.encrypted_sha256, file.length, path, f"https://{HOST}{path}"
        )

    def read(self, direct_path: str, kind: str, key: bytes) -> bytes:
        """What a phone that got the message would see; raises DamagedFile or KeyError."""
        return decrypt_file(self.blobs[_bare(direct_path)], kind, key)

    def put(self, blob: bytes, folder: str = _FOLDER, suffix: str = ".enc") -> str:
        """Keep a blob as it is; returns the direct path."""
        path = f"{folder}{secrets.token_hex(16)}{suffix}"
        self.blobs[path] = blob
        return f"{path}?ccb=11-4&oh={secrets.token_hex(8)}&oe={secrets.token_hex(4)}"

    def lose(self, direct_path: str, status: int = 404) -> None:
        """From now on the host answers 404 (deleted) or 410 (expired) for this file."""
        self.gone[_bare(direct_path)] = status

    def restore(self, direct_path: str) -> None:
        self.gone.pop(_bare(direct_path), None)

    # What a client asks

    def _connection(self, connection: Connection, request: Node) -> None:
        hosts = [
            Node("host", {"hostname": HOST, "type": "primary"}),
            Node("host", {"hostname": FALLBACK_HOST, "type": "fallback"}),
        ]
        attrs = {"auth": self.auth, "ttl": "3600", "auth_ttl": "21600", "max_buckets": "12"}
        connection.result(request, [Node("media_conn", attrs, hosts)])

    def http(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """One HTTP request to a media host."""
        self.world.stats[f"media {method}"] += 1
        address = urlsplit(target)
        query = parse_qs(address.query)
        if method == "POST":
            return self._upload(address.path, query, body)
        if method == "GET":
            return self._download(address.path, query)
        if method == "DELETE":
            return HttpAnswer(200, "text/plain", b"")
        return HttpAnswer(405, "text/plain", b"")

    def _upload(self, path: str, query: Mapping[str, list[str]], body: bytes) -> HttpAnswer:
        if self.refuse_uploads > 0:
            self.refuse_uploads -= 1
            return HttpAnswer(500, "text/plain", b"")
        if query.get("auth") != [self.auth]:
            return HttpAnswer(401, "text/plain", b"")
        if _decode(path.rsplit("/", 1)[-1]) != hashlib.sha256(body).digest():
            self.world.fault("rule", f"an upload to {path} that is not the hash of its {len(body)} bytes")
            return HttpAnswer(400, "text/plain", b"")
        direct_path = self.put(body, suffix=".jpg" if path.startswith("/newsletter/") else ".enc")
        answer = {
            "url": f"https://{HOST}{direct_path}",
            "direct_path": direct_path,
            "handle": secrets.token_hex(8),
            "object_id": secrets.token_hex(8),
        }
        return HttpAnswer(200, "application/json", json.dumps(answer).encode())

    def _download(self, path: str, query: Mapping[str, list[str]]) -> HttpAnswer:
        blob = self.blobs.get(path)
        status = self.gone.get(path, 200 if blob is not None else 404)
        if status != 200 or blob is None:
            return HttpAnswer(status, "text/plain", b"")
        expected = query.get("hash", [""])[0]
        if expected and _decode(expected) != hashlib.sha256(blob).digest():
            return HttpAnswer(403, "text/plain", b"")
        return HttpAnswer(200, "image/jpeg" if path.endswith(".jpg") else _OCTETS, blob)


def _bare(direct_path: str) -> str:
    return urlsplit(direct_path).path


def _decode(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
