"""Who is on WhatsApp: accounts with their phone number and their LID, and the devices linked to each."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.simulators.whatsapp.handset import Handset
from tests.simulators.whatsapp.jid import JID, LID, PHONE
from tests.simulators.whatsapp.mail import Mail
from tests.simulators.whatsapp.signal.party import Address
from tests.simulators.whatsapp.signal.session import Bundle, OneTimeKey

if TYPE_CHECKING:
    from tests.simulators.whatsapp.connection import Connection

_DEFAULT_ABOUT = "Hey there! I am using WhatsApp."
_LOWEST_LID = 100_000_000_000_000
_LIDS = 800_000_000_000_000


class User:
    """An account. Its phone is simulated; linked devices are real clients."""

    def __init__(self, phone: str, name: str) -> None:
        self.phone = phone
        self.name = name
        self.status = _DEFAULT_ABOUT
        self.pn = JID(phone, PHONE)
        self.lid = JID(_lid_of(phone), LID)
        self.handset = Handset()
        self.devices: dict[int, Device] = {}
        self.watchers: dict[JID, Device] = {}
        """Linked devices elsewhere that asked which devices this account has, and are told when that changes."""
        self._linked = 0

    @property
    def address(self) -> Address:
        """The phone's address in the Signal sense."""
        return address_of(self.lid)

    def next_device(self) -> int:
        """The number of the next device; numbers are never used twice."""
        self._linked += 1
        return self._linked

    def all_devices(self, server: str = LID) -> list[JID]:
        """The phone and every linked device."""
        jid = self.lid if server == LID else self.pn
        return [jid.with_device(number) for number in (0, *self.devices)]

    def device_list_hash(self, server: str = PHONE) -> str:
        """The hash of the device list that clients compare with their own."""
        return participant_hash(self.all_devices(server))


class Device:
    """A linked device: its keys as the server knows them, its connection, and what waits for it."""

    def __init__(self, user: User, number: int) -> None:
        self.user = user
        self.id = number
        self.pn = user.pn.with_device(number)
        self.lid = user.lid.with_device(number)
        self.address = address_of(self.lid)
        self.connection: Connection | None = None
        self.mail = Mail()
        self.synced = False  # whether the phone handed over keys and history
        self.client_key = b""
        self.identity = b""
        self.registration_id = 0
        self.signed_id = 0
        self.signed = b""
        self.signature = b""
        self.one_time: dict[int, bytes] = {}
        self.certificate: Any = None  # the ADVSignedDeviceIdentity that phone and device signed

    def take_bundle(self) -> Bundle:
        """Its prekeys for somebody who opens a session; a one-time key is handed out once."""
        one_time = None
        if self.one_time:
            number = next(iter(self.one_time))
            one_time = OneTimeKey(number, self.one_time.pop(number))
        return Bundle(self.registration_id, self.identity, self.signed_id, self.signed, self.signature, one_time)


class Directory:
    """Accounts by number and by LID. With an open door every number has one."""

    def __init__(self, *, open_door: bool = False) -> None:
        self.open_door = open_door
        self._by_phone: dict[str, User] = {}
        self._by_lid: dict[str, User] = {}

    @property
    def users(self) -> Iterable[User]:
        return self._by_phone.values()

    def user(self, phone: str, name: str | None = None) -> User:
        """The account of a number, made if there is none; a name given renames it."""
        user = self._by_phone.get(phone)
        if user is None:
            user = User(phone, name or f"Person {phone[-4:]}")
            self._by_phone[phone] = user
            self._by_lid[user.lid.user] = user
        elif name:
            user.name = name
        return user

    def find(self, jid: JID) -> User | None:
        """The account of an address, if there is one."""
        if jid.server == LID:
            return self._by_lid.get(jid.user)
        if jid.server not in (PHONE, "c.us"):
            return None
        phone = jid.user.lstrip("+")
        user = self._by_phone.get(phone)
        if user is None and self.open_door and phone.isdigit():
            user = self.user(phone)
        return user

    def find_device(self, jid: JID) -> Device | None:
        """A linked device; None for phones and for devices that are gone."""
        user = self.find(jid.bare())
        return user.devices.get(jid.device) if user is not None else None


def address_of(jid: JID) -> Address:
    """How sessions name a device."""
    return f"{jid.user}:{jid.device}"


def participant_hash(devices: Iterable[JID]) -> str:
    """A hash of a list of devices, version 2, as clients and server exchange it."""
    names = sorted(f"{jid.user}.0:{jid.device}@{jid.server}" for jid in devices)
    digest = hashlib.sha256("".join(names).encode()).digest()[:6]
    return "2:" + base64.b64encode(digest).decode().rstrip("=")


def _lid_of(phone: str) -> str:
    """A LID tells nothing about the number; here it follows from it, so that every run looks the same."""
    return str(_LOWEST_LID + int(hashlib.sha256(phone.encode()).hexdigest()[:12], 16) % _LIDS)
