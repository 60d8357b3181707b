"""What the gateway takes of its machine, and what each session takes of the gateway."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.kit.machine import Figures, Meter
from gateway.services.checks import require_person
from gateway.services.instances import Instances
from gateway.sessions.registry import Registry


class Server(Struct, frozen=True, kw_only=True):
    """The machine. `disk` is the share in use, in percent, of where DATA_DIR lies; `disk_free` is bytes."""

    figures: Figures
    disk: float
    disk_free: int


class Counts(Struct, frozen=True, kw_only=True):
    """Instances by whether their task is alive."""

    total: int
    running: int

    @property
    def stopped(self) -> int:
        """The rest."""
        return self.total - self.running


class Share(Struct, frozen=True, kw_only=True):
    """What an instance takes: processor in percent of the machine's, memory in bytes. Nothing when it is stopped."""

    instance: Instance
    cpu: float
    memory: int


class Resources:
    """Figures of the machine are any person's; which instances there are is their tenant's own."""

    def __init__(self, instances: Instances, sessions: Registry, meter: Meter, *, data_dir: Path) -> None:
        self._instances = instances
        self._sessions = sessions
        self._meter = meter
        self._data_dir = data_dir

    async def server(self) -> Server:
        """The machine now."""
        usage = await asyncio.to_thread(shutil.disk_usage, _existing(self._data_dir))
        taken = usage.used + usage.free  # what only the superuser may fill is nobody's here
        disk = round(100.0 * usage.used / taken, 1) if taken else 0.0
        return Server(figures=self._meter.look(), disk=disk, disk_free=usage.free)

    async def counts(self, who: Principal) -> Counts:
        """Instances within reach. Raises Forbidden."""
        require_person(who)
        found = await self._instances.list(who)
        return Counts(total=len(found), running=sum(not each.state.kind.is_final for each in found))

    async def shares(self, who: Principal) -> Sequence[Share]:
        """Each instance within reach, oldest first. Raises Forbidden.

        All sessions live in one process, and nobody can tell which of them a byte of it serves: each running one is
        said to take an equal part.
        """
        require_person(who)
        figures = self._meter.look()
        running = sum(count for kind, count in self._sessions.count_by_state().items() if not kind.is_final)
        cpu = round(figures.process_cpu / running, 1) if running else 0.0
        memory = figures.process_memory // running if running else 0
        return [
            Share(instance=each, cpu=0.0, memory=0)
            if each.state.kind.is_final
            else Share(instance=each, cpu=cpu, memory=memory)
            for each in await self._instances.list(who)
        ]


def _existing(folder: Path) -> Path:
    """The folder, or where it would be made."""
    return next((each for each in (folder.absolute(), *folder.absolute().parents) if each.exists()), Path("/"))
