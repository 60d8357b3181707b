"""App state (`xmlns="w:sync:app:state"`): what all devices of an account share, written by the phone or by a client.

The phone of every account keeps one key and five collections. A client that links gets the key by an encrypted message,
fetches snapshots and patches, and uploads patches of its own; each is checked (value, index, snapshot and patch MAC),
a patch built on an old version is answered with 409 and what was missed, and the other devices are told.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message
from neonize.proto.waServerSync.WAWebProtobufsServerSync_pb2 import ExternalBlobReference, SyncdPatch
from neonize.proto.waSyncAction.WAWebProtobufSyncAction_pb2 import SyncActionValue

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.jid import JID, SERVER
from tests.simulators.whatsapp.media import Media
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler, Refused, refusing
from tests.simulators.whatsapp.syncd import BadPatch, Change, Collection, SyncKey
from tests.simulators.whatsapp.world import Feature, World

COLLECTIONS = ("critical_block", "critical_unblock_low", "regular_high", "regular", "regular_low")
PATCHES_AT_ONCE = 20

_KEY_SHARE = Message().protocolMessage.APP_STATE_SYNC_KEY_SHARE


class AccountState:
    """One account's key and collections."""

    def __init__(self) -> None:
        self.key = SyncKey()
        self.collections = {name: Collection(name, self.key) for name in COLLECTIONS}

    def entries(self, name: str) -> dict[str, Any]:
        """What a collection holds now: JSON of the index -> SyncActionValue."""
        return self.collections[name].entries


class AppState(Feature):
    """The shared tables of every account."""

    def __init__(self, world: World, media: Media) -> None:
        super().__init__(world)
        self._media = media
        self._accounts: dict[str, AccountState] = {}
        self.iq: Mapping[str, Handler] = {"w:sync:app:state": self._sync}

    def of(self, user: User) -> AccountState:
        state = self._accounts.get(user.phone)
        if state is None:
            state = self._accounts[user.phone] = AccountState()
            state.collections["critical_block"].write([_push_name(user.name)])
        return state

    # What the phone does

    def linked(self, device: Device) -> None:
        """The phone hands a new companion the key, without which no table can be read."""
        state = self.of(device.user)
        message = Message()
        message.protocolMessage.type = _KEY_SHARE
        key = message.protocolMessage.appStateSyncKeyShare.keys.add()
        key.keyID.keyID = state.key.id
        key.keyData.keyData = state.key.data
        key.keyData.timestamp = int(time.time())
        key.keyData.fingerprint.rawID = 1
        key.keyData.fingerprint.currentIndex = 0
        self.world.messages.to_companion(device, message)

    def write(self, user: User, collection: str, changes: Sequence[Change], *, quiet: bool = False) -> None:
        """The phone changes a table; every linked device is told to fetch, unless the news is late (`quiet`)."""
        self.of(user).collections[collection].write(changes)
        if not quiet:
            self._announce(user, collection)

    def save_contacts(self, user: User, people: Mapping[str, User]) -> None:
        """People in the phone's address book, by the full names it has for them."""
        changes = []
        for name, person in people.items():
            value = SyncActionValue()
            value.contactAction.fullName = name
            value.contactAction.firstName = name.split()[0]
            value.contactAction.lidJID = str(person.lid)
            changes.append(Change(["contact", str(person.pn)], value, 2))
        self.write(user, "critical_unblock_low", changes)

    def rename(self, user: User, name: str, *, quiet: bool = False) -> None:
        """The owner changes the name that others see."""
        user.name = name
        self.write(user, "critical_block", [_push_name(name)], quiet=quiet)

    def mute(self, user: User, chat: JID, *, muted: bool, until: int = -1) -> None:
        """`until` is in milliseconds since 1970; -1 is for ever."""
        value = SyncActionValue()
        value.muteAction.muted = muted
        value.muteAction.muteEndTimestamp = until
        self.write(user, "regular_high", [Change(["mute", str(chat)], value, 2)])

    def archive(self, user: User, chat: JID, *, archived: bool) -> None:
        value = SyncActionValue()
        value.archiveChatAction.archived = archived
        self.write(user, "regular_low", [Change(["archive", str(chat)], value, 3)])

    def pin(self, user: User, chat: JID, *, pinned: bool) -> None:
        value = SyncActionValue()
        value.pinAction.pinned = pinned
        self.write(user, "regular_low", [Change(["pin_v1", str(chat)], value, 5)])

    # What a client asks

    @refusing
    def _sync(self, connection: Connection, request: Node) -> None:
        sync = request.child("sync")
        if sync is None:
            raise Refused(400)
        device = connection.require_device()
        answers = [self._collection(device, asked) for asked in sync.all("collection")]
        connection.result(request, [Node("sync", {}, answers)])

    def _collection(self, device: Device, asked: Node) -> Node:
        name = asked.get("name", "")
        collection = self.of(device.user).collections.get(name)
        if collection is None:
            return _error(name, 404, "item-not-found")
        base = int(asked.get("version", "0"))
        patch = asked.child("patch")
        if patch is None:
            return self._serve(collection, base, snapshot=asked.get("return_snapshot") == "true")
        if base != collection.version:
            self.world.stats["app-state conflict"] += 1
            missed = self._serve(collection, base, snapshot=False)
            assert isinstance(missed.content, list)
            missed.attrs["type"] = "error"
            missed.content.insert(0, Node("error", {"code": "409", "text": "conflict"}))
            return missed
        try:
            collection.accept(SyncdPatch.FromString(patch.data()))
        except BadPatch as error:
            self.world.fault("rule", f"app state patch of {device.pn} for {name}: {error}")
            return _error(name, 400, "bad-request")
        self.world.stats["app-state patch"] += 1
        if name == "critical_block":
            self._take_push_name(device.user)
        self._announce(device.user, name, but=device)
        return Node("collection", {"name": name, "version": str(collection.version)})

    def _serve(self, collection: Collection, base: int, *, snapshot: bool) -> Node:
        children: list[Node] = []
        if snapshot and collection.version:
            children.append(Node("snapshot", {}, self._store(collection.snapshot())))
            base = collection.version
        batch = collection.patches[base : base + PATCHES_AT_ONCE]
        if batch:
            children.append(Node("patches", {}, [Node("patch", {}, patch) for patch in batch]))
        more = base + len(batch) < collection.version
        attrs = {"name": collection.name, "version": str(base + len(batch)), "has_more_patches": str(more).lower()}
        return Node("collection", attrs, children)

    def _store(self, snapshot: bytes) -> bytes:
        """Snapshots are too big for a stanza: the media host keeps them, encrypted."""
        stored = self._media.store(snapshot, "app-state")
        reference = ExternalBlobReference(
            mediaKey=stored.key,
            directPath=stored.direct_path,
            handle=secrets.token_hex(8),
            fileSizeBytes=stored.length,
            fileSHA256=stored.sha256,
            fileEncSHA256=stored.encrypted_sha256,
        )
        return bytes(reference.SerializeToString())

    def _take_push_name(self, user: User) -> None:
        setting = self.of(user).entries("critical_block").get(json.dumps(["setting_pushName"]))
        if setting is not None:
            user.name = setting.pushNameSetting.name

    def _announce(self, user: User, name: str, but: Device | None = None) -> None:
        version = str(self.of(user).collections[name].version)
        for device in list(user.devices.values()):
            if device is but:
                continue
            attrs = {
                "from": SERVER,
                "type": "server_sync",
                "id": secrets.token_hex(5).upper(),
                "t": str(int(time.time())),
            }
            content = [Node("collection", {"name": name, "version": version})]
            self.world.push(device, Node("notification", attrs, content))


def _push_name(name: str) -> Change:
    value = SyncActionValue()
    value.pushNameSetting.name = name
    return Change(["setting_pushName"], value, 1)


def _error(name: str, code: int, text: str) -> Node:
    return Node("collection", {"name": name, "type": "error"}, [Node("error", {"code": str(code), "text": text})])
