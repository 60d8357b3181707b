"""The arithmetic of app state ("syncd"): keys, MACs and the LTHash of a collection, checked as devices check them.

A collection is a table from index to value that all devices of an account share. Each change is a patch; a 128-byte
hash that can be added to and subtracted from proves that everybody holds the same table. Source: whatsmeow's appstate.
"""

from __future__ import annotations

import hmac
import json
import os
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neonize.proto.waServerSync.WAWebProtobufsServerSync_pb2 import (
    SyncdMutation,
    SyncdPatch,
    SyncdSnapshot,
)
from neonize.proto.waSyncAction.WAWebProtobufSyncAction_pb2 import SyncActionData

from tests.simulators.whatsapp.curve import aes_cbc_decrypt, aes_cbc_encrypt, hkdf, hmac_sha256

_MAC = 32
_EMPTY_HASH = bytes(128)


class BadPatch(Exception):
    """A patch does not prove what it claims; WhatsApp's devices would refuse it."""


class SyncKey:
    """The key that an account's devices share, stretched into the five that do the work."""

    def __init__(self) -> None:
        self.id = os.urandom(6)
        self.data = os.urandom(32)
        expanded = hkdf(self.data, 5 * _MAC, info=b"WhatsApp Mutation Keys")
        parts = [expanded[start : start + _MAC] for start in range(0, 5 * _MAC, _MAC)]
        self.index, self.value, self.value_mac, self.snapshot_mac, self.patch_mac = parts

    def seal(self, change: Change) -> SyncdMutation:
        """An encrypted mutation, ready for a patch."""
        index = json.dumps(change.index, separators=(",", ":"), ensure_ascii=False).encode()
        data = SyncActionData(index=index, version=change.version, padding=b"", value=change.value)
        if not data.value.timestamp:
            data.value.timestamp = int(time.time() * 1000)
        iv = os.urandom(16)
        sealed = iv + aes_cbc_encrypt(self.value, iv, data.SerializeToString())
        operation = SyncdMutation.REMOVE if change.removes else SyncdMutation.SET
        mutation = SyncdMutation(operation=operation)
        mutation.record.index.blob = hmac_sha256(self.index, index)
        mutation.record.value.blob = sealed + self._content_mac(operation, sealed)
        mutation.record.keyID.ID = self.id
        return mutation

    def open(self, mutation: SyncdMutation) -> Change:
        """What a mutation says; raises BadPatch when a MAC is wrong or the key is another."""
        record = mutation.record
        if self.id != record.keyID.ID:
            raise BadPatch("sealed with a key nobody shared")
        sealed, mac = record.value.blob[:-_MAC], record.value.blob[-_MAC:]
        if not hmac.compare_digest(self._content_mac(mutation.operation, sealed), mac):
            raise BadPatch("wrong value MAC")
        data = SyncActionData.FromString(aes_cbc_decrypt(self.value, sealed[:16], sealed[16:]))
        if not hmac.compare_digest(hmac_sha256(self.index, data.index), record.index.blob):
            raise BadPatch("wrong index MAC")
        return Change(json.loads(data.index), data.value, data.version, mutation.operation == SyncdMutation.REMOVE)

    def _content_mac(self, operation: int, sealed: bytes) -> bytes:
        length = struct.pack(">Q", len(self.id) + 1)
        return hmac.digest(self.value_mac, bytes([operation + 1]) + self.id + sealed + length, "sha512")[:_MAC]


@dataclass(frozen=True)
class Change:
    """One thing set or removed: `index` names it (`["mute", jid]`), `version` is the number that kind carries."""

    index: list[str]
    value: Any  # a SyncActionValue; neonize's message classes carry no type information
    version: int
    removes: bool = False


class Collection:
    """One shared table with its history of patches."""

    def __init__(self, name: str, key: SyncKey) -> None:
        self.name = name
        self.version = 0
        self.patches: list[bytes] = []
        self.entries: dict[str, Any] = {}  # JSON of the index -> SyncActionValue
        self._key = key
        self._hash = _EMPTY_HASH
        self._records: dict[bytes, Any] = {}  # index MAC -> SyncdRecord

    def write(self, changes: Sequence[Change]) -> None:
        """The phone changes the table."""
        patch = SyncdPatch(mutations=[self._key.seal(change) for change in changes])
        patch.keyID.ID = self._key.id
        patch.snapshotMAC = self._snapshot_mac(self._hash_after(patch), self.version + 1)
        patch.patchMAC = self._patch_mac(patch, self.version + 1)
        self.accept(patch)

    def accept(self, patch: Any) -> None:
        """Apply a patch that follows the current version; raises BadPatch and changes nothing if it proves wrong."""
        version = self.version + 1
        if self._key.id != patch.keyID.ID:
            raise BadPatch("made with a key nobody shared")
        changes = [self._key.open(mutation) for mutation in patch.mutations]
        after = self._hash_after(patch)
        if not hmac.compare_digest(self._snapshot_mac(after, version), patch.snapshotMAC):
            raise BadPatch("wrong snapshot MAC: the writer holds another table")
        if not hmac.compare_digest(self._patch_mac(patch, version), patch.patchMAC):
            raise BadPatch("wrong patch MAC")
        for mutation, change in zip(patch.mutations, changes, strict=True):
            name = json.dumps(change.index)
            if change.removes:
                self._records.pop(mutation.record.index.blob, None)
                self.entries.pop(name, None)
            else:
                self._records[mutation.record.index.blob] = mutation.record
                self.entries[name] = change.value
        patch.version.version = version
        self._hash, self.version = after, version
        self.patches.append(patch.SerializeToString())

    def snapshot(self) -> bytes:
        """The whole table at its current version, for a device that starts from nothing."""
        snapshot = SyncdSnapshot(records=list(self._records.values()))
        snapshot.version.version = self.version
        snapshot.mac = self._snapshot_mac(self._hash, self.version)
        snapshot.keyID.ID = self._key.id
        return bytes(snapshot.SerializeToString())

    def _hash_after(self, patch: Any) -> bytes:
        added: list[bytes] = []
        removed: list[bytes] = []
        current = {index: record.value.blob[-_MAC:] for index, record in self._records.items()}
        for mutation in patch.mutations:
            index = mutation.record.index.blob
            previous = current.pop(index, None)
            if previous is not None:
                removed.append(previous)
            if mutation.operation == SyncdMutation.SET:
                current[index] = mutation.record.value.blob[-_MAC:]
                added.append(current[index])
        return lthash(self._hash, added, removed)

    def _snapshot_mac(self, table_hash: bytes, version: int) -> bytes:
        return hmac_sha256(self._key.snapshot_mac, table_hash, struct.pack(">Q", version), self.name.encode())

    def _patch_mac(self, patch: Any, version: int) -> bytes:
        macs = [mutation.record.value.blob[-_MAC:] for mutation in patch.mutations]
        tail = struct.pack(">Q", version), self.name.encode()
        return hmac_sha256(self._key.patch_mac, patch.snapshotMAC, *macs, *tail)


def lthash(state: bytes, added: Sequence[bytes], removed: Sequence[bytes]) -> bytes:
    """The summation hash: 64 little-endian words of 16 bits, each item stretched to as many, order without effect."""
    words = list(struct.unpack("<64H", state))
    for items, sign in ((removed, -1), (added, 1)):
        for item in items:
            stretched = struct.unpack("<64H", hkdf(item, 128, info=b"WhatsApp Patch Integrity"))
            words = [(word + sign * other) & 0xFFFF for word, other in zip(words, stretched, strict=True)]
    return struct.pack("<64H", *words)
