"""`reseal`: the second step of a key rotation, also while a gateway runs on the same database."""

from __future__ import annotations

from gateway.kit.secrets import Sealer
from gateway.runtime import opened_storage
from gateway.settings import Settings
from gateway.storage.reseal import reseal


async def run(settings: Settings) -> int:
    """Seal everything with the first of ENCRYPTION_KEYS; returns 1 when something could not be opened."""
    async with opened_storage(settings):
        done = await reseal(Sealer(settings.encryption_keys))
    print(f"Sealed {done.count} values with key {settings.encryption_keys[0].id!r}.")
    for place in done.unreadable:
        print(f"could not open {place}; put the key that sealed it back into ENCRYPTION_KEYS")
    if not done.unreadable:
        print("The other keys may leave ENCRYPTION_KEYS at the next restart.")
    return 1 if done.unreadable else 0
