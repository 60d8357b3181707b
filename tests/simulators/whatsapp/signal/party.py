"""One simulated device as Signal sees it: its identity, its prekeys, and its sessions with others."""

from __future__ import annotations

import random

from tests.simulators.whatsapp.curve import DJB, KeyPair
from tests.simulators.whatsapp.signal import wire
from tests.simulators.whatsapp.signal.chains import MessageLost
from tests.simulators.whatsapp.signal.sender_keys import NoSenderKey, OwnSenderKey, TheirSenderKeys
from tests.simulators.whatsapp.signal.session import PREKEY_MESSAGE, Bundle, NotGenuine, OneTimeKey, Sealed, Session

_STATES_KEPT = 5

Address = str
"""A device elsewhere: `user:device`."""


class NoSession(Exception):
    """A message of a conversation that this device does not remember."""


class PrekeyGone(Exception):
    """Somebody opened a session with a prekey that does not exist or was used before."""


class Party:
    """Hands out its prekeys, opens and answers sessions, remembers earlier states of each."""

    def __init__(self) -> None:
        self.identity = KeyPair()
        self.registration_id = random.randrange(1, 16380)
        self._signed = KeyPair()
        self._signature = self.identity.sign(DJB + self._signed.public)
        self._one_time: dict[int, KeyPair] = {}
        self._handed_out = 0
        self._sessions: dict[Address, list[Session]] = {}
        self._forgotten: set[Address] = set()
        self._own_sender_keys: dict[str, OwnSenderKey] = {}
        self._their_sender_keys: dict[tuple[str, Address], TheirSenderKeys] = {}

    def bundle(self) -> Bundle:
        """Its prekeys; the one-time key in it is for whoever asked alone."""
        self._handed_out += 1
        key = self._one_time[self._handed_out] = KeyPair()
        return Bundle(
            self.registration_id,
            self.identity.public,
            1,
            self._signed.public,
            self._signature,
            OneTimeKey(self._handed_out, key.public),
        )

    # Pairwise

    def knows(self, address: Address) -> bool:
        return address in self._sessions

    def open(self, address: Address, bundle: Bundle) -> None:
        """Begin a session anew; what is on its way under the former one can still be read."""
        self._keep(address, Session.open(self.identity, self.registration_id, bundle))

    def forget(self, address: Address) -> None:
        """As if the app had been reinstalled from a backup without sessions."""
        self._sessions.pop(address, None)
        self._forgotten.add(address)
        for group, sender in list(self._their_sender_keys):
            if sender == address:
                del self._their_sender_keys[group, sender]

    def encrypt(self, address: Address, plain: bytes) -> Sealed:
        return self._sessions[address][0].encrypt(wire.pad(plain))

    def decrypt(self, address: Address, kind: str, message: bytes, identity: bytes) -> bytes:
        """`identity` is whom the sender claims to be.

        Raises NoSession, PrekeyGone, NotGenuine, MessageLost or Garbled.
        """
        if kind != PREKEY_MESSAGE:
            return wire.unpad(self._decrypt_known(address, message))
        fields = wire.read_fields(message[1:])
        base, inner = wire.public_key(fields, 2), wire.data(fields, 4)
        if wire.public_key(fields, 3) != identity:
            raise NotGenuine("the message names another identity than the one its sender registered")
        if any(session.base == base for session in self._sessions.get(address, ())):
            return wire.unpad(self._decrypt_known(address, inner))
        return wire.unpad(self._answer(address, fields, base, inner))

    def _answer(self, address: Address, fields: wire.Fields, base: bytes, inner: bytes) -> bytes:
        number = wire.number(fields, 1) if 1 in fields else None
        one_time = self._one_time.get(number) if number is not None else None
        if number is not None and one_time is None:
            if address in self._forgotten:
                raise NoSession(f"{address} repeats the opening of a session that is forgotten")
            raise PrekeyGone(f"prekey {number} was never handed out or was used before")
        theirs = wire.public_key(fields, 3)
        session = Session.answer(self.identity, self.registration_id, theirs, base, self._signed, one_time)
        plain = session.decrypt(inner)
        if number is not None:
            del self._one_time[number]
        self._forgotten.discard(address)
        self._keep(address, session)
        return plain

    def _decrypt_known(self, address: Address, message: bytes) -> bytes:
        states = self._sessions.get(address)
        if not states:
            raise NoSession(f"no session with {address}")
        failure: Exception | None = None
        for place, session in enumerate(states):
            try:
                plain = session.decrypt(message)
            except (NotGenuine, MessageLost) as error:
                failure = failure or error
                continue
            if place:  # an earlier state proved to be the one in use
                states.insert(0, states.pop(place))
            return plain
        assert failure is not None
        raise failure

    def _keep(self, address: Address, session: Session) -> None:
        states = self._sessions.setdefault(address, [])
        states.insert(0, session)
        del states[_STATES_KEPT:]

    # Groups

    def distribution(self, group: str) -> bytes:
        """Its sender key of a group, made when first needed."""
        if group not in self._own_sender_keys:
            self._own_sender_keys[group] = OwnSenderKey()
        return self._own_sender_keys[group].distribution()

    def encrypt_for_group(self, group: str, plain: bytes) -> bytes:
        return self._own_sender_keys[group].encrypt(wire.pad(plain))

    def take_distribution(self, group: str, sender: Address, distribution: bytes) -> None:
        self._their_sender_keys.setdefault((group, sender), TheirSenderKeys()).take(distribution)

    def decrypt_in_group(self, group: str, sender: Address, message: bytes) -> bytes:
        """Raises NoSenderKey, NotGenuine, MessageLost or Garbled."""
        keys = self._their_sender_keys.get((group, sender))
        if keys is None:
            raise NoSenderKey(f"{sender} never handed out a sender key for {group}")
        return wire.unpad(keys.decrypt(message))
