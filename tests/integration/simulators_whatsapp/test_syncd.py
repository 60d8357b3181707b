"""The shared tables by themselves: what proves right is applied, anything else changes nothing."""

from __future__ import annotations

import itertools

import pytest
from neonize.proto.waServerSync.WAWebProtobufsServerSync_pb2 import SyncdPatch, SyncdSnapshot
from neonize.proto.waSyncAction.WAWebProtobufSyncAction_pb2 import SyncActionValue

from tests.simulators.whatsapp.syncd import BadPatch, Change, Collection, SyncKey, lthash


def change(name: str, *, muted: bool = True, removes: bool = False) -> Change:
    value = SyncActionValue()
    value.muteAction.muted = muted
    return Change(["mute", name], value, 2, removes)


def written(*batches: list[Change]) -> tuple[Collection, SyncKey]:
    key = SyncKey()
    collection = Collection("regular_high", key)
    for batch in batches:
        collection.write(batch)
    return collection, key


def test_the_hash_does_not_depend_on_order_and_forgets_what_is_taken_back() -> None:
    items = [bytes([number]) * 32 for number in range(3)]
    hashes = {lthash(bytes(128), list(order), []) for order in itertools.permutations(items)}
    assert len(hashes) == 1
    assert lthash(hashes.pop(), [], items) == bytes(128)


def test_a_patch_written_by_one_device_is_accepted_by_another_with_the_same_table() -> None:
    mine, key = written([change("a"), change("b")], [change("a", muted=False), change("b", removes=True)])
    theirs = Collection("regular_high", key)
    for raw in mine.patches:
        theirs.accept(SyncdPatch.FromString(raw))
    assert (theirs.version, list(theirs.entries)) == (2, ['["mute", "a"]'])
    assert theirs.snapshot() == mine.snapshot()
    assert len(SyncdSnapshot.FromString(mine.snapshot()).records) == 1


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("mutations[0].record.value.blob", "value MAC"),
        ("mutations[0].record.index.blob", "index MAC"),
        ("snapshotMAC", "snapshot MAC"),
        ("patchMAC", "patch MAC"),
        ("keyID.ID", "key"),
    ],
)
def test_a_damaged_patch_is_refused_and_changes_nothing(damage: str, complaint: str) -> None:
    mine, key = written([change("a")])
    patch = SyncdPatch.FromString(mine.patches[0])
    *path, last = damage.replace("[0]", ".0").split(".")
    target = patch
    for step in path:
        target = target[int(step)] if step.isdigit() else getattr(target, step)
    setattr(target, last, bytes(len(getattr(target, last))))
    theirs = Collection("regular_high", key)
    with pytest.raises(BadPatch, match=complaint):
        theirs.accept(patch)
    assert (theirs.version, theirs.entries, theirs.patches) == (0, {}, [])


def test_a_patch_made_on_another_table_is_refused() -> None:
    mine, key = written([change("a")], [change("b")])
    with pytest.raises(BadPatch, match="another table"):
        Collection("regular_high", key).accept(SyncdPatch.FromString(mine.patches[1]))
