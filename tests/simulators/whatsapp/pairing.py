"""Linking a device to an account: the QR code, and what phone, server and device sign to seal it.

The device shows a reference of the server's, its public keys and a secret; the phone that scans it signs the device's
identity, the device signs back, the server notes both and asks the device to log in (`<stream:error code="515"/>`).
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from neonize.proto.waAdv.WAAdv_pb2 import ADVDeviceIdentity, ADVSignedDeviceIdentity, ADVSignedDeviceIdentityHMAC

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.curve import DJB, hmac_sha256, verify
from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.jid import SERVER
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.world import World

REFERENCES = 6
"""QR codes in one go: the first stands for 60 seconds, each further one for 20. Clients count; so does nobody here."""

_ACCOUNT_SIGNATURE, _DEVICE_SIGNATURE = b"\x06\x00", b"\x06\x01"
_HANG_UP_AFTER = 2.0


class NoSuchCode(Exception):
    """The phone says that this QR code is not valid: it is no WhatsApp code, or the server has forgotten it."""


@dataclass
class Candidate:
    """A device that wants to be linked, as it registered itself."""

    client_key: bytes
    identity: bytes
    registration_id: int
    signed_id: int
    signed: bytes
    signature: bytes
    references: list[str] = field(default_factory=list)
    device: Device | None = None  # once a phone accepted it
    request: str = ""  # the id of the request that told it so


class Pairing:
    """Candidates by the references they show."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._references: dict[str, Connection] = {}

    def register(self, connection: Connection, data: Any) -> None:
        """A device without an account connected; it is given references to show."""
        candidate = Candidate(
            connection.client_key,
            data.eIdent,
            int.from_bytes(data.eRegid, "big"),
            int.from_bytes(data.eSkeyID, "big"),
            data.eSkeyVal,
            data.eSkeySig,
        )
        if not verify(candidate.identity, DJB + candidate.signed, candidate.signature):
            self._world.fault("rule", "a device registered a prekey that it did not sign")
        connection.candidate = candidate
        for _ in range(REFERENCES):
            reference = "2@" + base64.b64encode(os.urandom(120)).decode()
            self._references[reference] = connection
            candidate.references.append(reference)
        references = [Node("ref", {}, each.encode()) for each in candidate.references]
        attrs = {"from": SERVER, "type": "set", "id": secrets.token_hex(4), "xmlns": "md"}
        connection.send(Node("iq", attrs, [Node("pair-device", {}, references)]))

    def withdraw(self, candidate: Candidate) -> None:
        """The candidate hung up: its codes are worth nothing now."""
        for reference in candidate.references:
            self._references.pop(reference, None)

    def scan(self, qr: str, user: User, *, forged: bool = False) -> Device:
        """The phone of an account scans a QR text; raises NoSuchCode. `forged` breaks the proof of the secret."""
        connection, secret = self.shown(qr)
        return self.accept(connection, user, bytes(32) if forged else secret)

    def shown(self, qr: str) -> tuple[Connection, bytes]:
        """The candidate that shows a QR text, and the secret in it; raises NoSuchCode."""
        parts = qr.rpartition("#")[2].split(",")
        connection = self._references.get(parts[0])
        if connection is None or connection.candidate is None or len(parts) < 4:
            raise NoSuchCode("no device shows this code any more")
        shown = [base64.b64decode(part) for part in parts[1:4]]
        if shown[:2] != [connection.candidate.client_key, connection.candidate.identity]:
            raise NoSuchCode("the code names other keys than the device registered")
        return connection, shown[2]

    def accept(self, connection: Connection, user: User, secret: bytes) -> Device:
        """The phone signs the candidate's identity; `secret` proves to the candidate that it was seen or typed."""
        candidate = connection.candidate
        assert candidate is not None
        device = Device(user, user.next_device())
        device.client_key, device.identity = candidate.client_key, candidate.identity
        device.registration_id = candidate.registration_id
        device.signed_id, device.signed = candidate.signed_id, candidate.signed
        device.signature = candidate.signature
        candidate.device, candidate.request = device, secrets.token_hex(4)
        attrs = {"from": SERVER, "type": "set", "id": candidate.request, "xmlns": "md", "t": _now()}
        content = [
            Node("device-identity", {}, _certify(device, secret)),
            Node("biz", {"name": ""}),
            Node("device", {"jid": device.pn, "lid": device.lid}),
            Node("platform", {"name": "android"}),
        ]
        connection.send(Node("iq", attrs, [Node("pair-success", {}, content)]))
        self.withdraw(candidate)
        return device

    def answered(self, connection: Connection, node: Node) -> bool:
        """Whether this is a candidate's answer to its acceptance; if so it is dealt with."""
        candidate = connection.candidate
        if candidate is None or candidate.device is None or node.get("id") != candidate.request:
            return False
        device, user = candidate.device, candidate.device.user
        signed = node.child("pair-device-sign", "device-identity")
        if node.get("type") != "result" or signed is None:
            self._world.stats["pairing refused by the device"] += 1
            self._world.log("the device refused to be linked:", node)
            return True
        certificate = ADVSignedDeviceIdentity.FromString(signed.data())
        certificate.accountSignatureKey = user.handset.party.identity.public
        if not is_signed_by_device(device, certificate):
            self._world.fault("rule", f"{device.pn} did not sign its linking")
            connection.close()
            return True
        device.certificate = certificate
        user.devices[device.id] = device
        self._world.stats["paired"] += 1
        tell_watchers(self._world, user, "add", device)
        connection.send(Node("stream:error", {"code": "515"}))
        asyncio.get_running_loop().call_later(_HANG_UP_AFTER, connection.close)
        return True


def tell_watchers(world: World, user: User, change: str, device: Device) -> None:
    """Devices that know the account's device list hear that one was added or removed (`change` is add or remove)."""
    attrs = {
        "device_hash": user.device_list_hash(),
        "device_lid_hash": user.device_list_hash("lid"),
    }
    keys = Node("key-index-list", {"ts": _now()})
    content = [Node("device", {"jid": device.pn, "lid": device.lid, "key-index": str(device.id)}), keys]
    for watcher in list(user.watchers.values()):
        if watcher is device or watcher.id not in watcher.user.devices:
            continue
        about = {"from": user.pn, "lid": user.lid, "type": "devices", "id": secrets.token_hex(5).upper(), "t": _now()}
        world.push(watcher, Node("notification", about, [Node(change, attrs, content)]))


def is_signed_by_device(device: Device, certificate: Any) -> bool:
    """Whether device and account both signed that they belong together."""
    account = device.user.handset.party.identity.public
    details = certificate.details + device.identity
    return verify(device.identity, _DEVICE_SIGNATURE + details + account, certificate.deviceSignature) and verify(
        account, _ACCOUNT_SIGNATURE + details, certificate.accountSignature
    )


def _certify(device: Device, secret: bytes) -> bytes:
    account = device.user.handset.party.identity
    details = ADVDeviceIdentity(
        rawID=random.randrange(1 << 31), timestamp=int(time.time()), keyIndex=device.id
    ).SerializeToString()
    certificate = ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=account.public,
        accountSignature=account.sign(_ACCOUNT_SIGNATURE + details + device.identity),
    ).SerializeToString()
    proof = hmac_sha256(secret, certificate)
    return bytes(ADVSignedDeviceIdentityHMAC(details=certificate, HMAC=proof).SerializeToString())


def _now() -> str:
    return str(int(time.time()))
