"""`instance`: moved from one gateway to another, while no gateway runs on the database."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.commands.passphrase import read_passphrase
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import InstanceId
from gateway.kit.clock import SystemClock
from gateway.kit.egress import Egress, EgressPolicy
from gateway.providers import make_providers
from gateway.runtime import opened_storage
from gateway.services.principals import OPERATOR
from gateway.services.transfer import Transfer, owner_by
from gateway.settings import Settings
from gateway.storage.process_lock import acquire_process_lock
from gateway.storage.storage import Storage


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Do one deed. All but `list` refuse (`already_running`) while a gateway runs: a session might be open there."""
    match options.deed:
        case "list":
            async with opened_storage(settings) as storage:
                await _list(storage)
        case "export":
            async with _owned(settings) as (storage, transfer):
                await _export(transfer, options)
        case "import":
            async with _owned(settings) as (storage, transfer):
                await _import(storage, transfer, options)
        case "release":
            async with _owned(settings) as (_, transfer):
                await transfer.release(InstanceId(options.id))
            print(f"{options.id} may be started here again.")
    return 0


@asynccontextmanager
async def _owned(settings: Settings) -> AsyncIterator[tuple[Storage, Transfer]]:
    async with opened_storage(settings) as storage:
        lock = await acquire_process_lock(storage.database)
        try:
            async with Egress(EgressPolicy()) as egress:
                yield storage, Transfer(storage, make_providers(settings, egress), SystemClock())
        finally:
            await lock.release()


async def _list(storage: Storage) -> None:
    for each in await storage.instances.list(OPERATOR):
        wanted = "wanted" if each.wanted else "-"
        print(f"{each.id}  {each.provider:<11}  {each.state.code:<16}  {wanted:<6}  {each.tenant_id}  {each.name}")


async def _export(transfer: Transfer, options: argparse.Namespace) -> None:
    path = Path(options.to or f"{options.id}.gwexport")
    instance = await transfer.export(
        InstanceId(options.id), read_passphrase(options, repeat=True), lambda data: _write(path, data)
    )
    print(f"Exported {instance.name} to {path}. It is stopped here and does not start until it is released.")
    print("Import the file once, then delete it: who has it and the passphrase is this account.")


async def _import(storage: Storage, transfer: Transfer, options: argparse.Namespace) -> None:
    file = _read(Path(options.file))
    owner = await owner_by(storage, email=options.user, tenant=options.tenant)
    instance = await transfer.import_(
        file, read_passphrase(options, repeat=False), owner, new_instance_id=options.new_id
    )
    print(f"id        {instance.id}")
    print(f"tenant    {instance.tenant_id}")
    print("It starts with the gateway." if instance.wanted else "It is stopped; start it when you want it.")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror}).") from None


def _write(path: Path, data: bytes) -> None:
    """Durable, for its owner only, and never over another file; what cannot be written whole is removed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written ({error.strerror}).") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise InvalidInput(f"{path} cannot be written ({error.strerror}).") from None
