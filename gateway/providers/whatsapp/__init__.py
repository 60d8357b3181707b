"""WhatsApp by linked device, over neonize (whatsmeow in Go).

Importing this package, checking a configuration and opening a session cost nothing: neonize (some 55 MB and half a
second) is imported in a thread when the first session runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import Credentials, ProviderName
from gateway.kit.egress import Egress
from gateway.providers.contract import SessionContext
from gateway.providers.whatsapp.config import check_config
from gateway.providers.whatsapp.devices import DeviceFiles
from gateway.providers.whatsapp.jids import normalise
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.providers.whatsapp.session import WhatsAppSession
    from gateway.providers.whatsapp.shared import Shared


class WhatsAppProvider:
    """Every linked device of this process."""

    name = ProviderName.WHATSAPP

    def __init__(self, settings: Settings, egress: Egress) -> None:
        self._settings = settings
        self._egress = egress
        self._folder = settings.data_dir / "whatsapp"
        self._shared: Shared | None = None

    def check(self, config: Mapping[str, object]) -> Credentials:
        """What a device may be told; nothing is required. Raises InvalidInput naming the field."""
        return check_config(config)

    def address_of(self, text: str) -> Address:
        """The one form of an address, however it was written. Raises InvalidInput."""
        return normalise(text)

    def open(self, context: SessionContext) -> WhatsAppSession:
        """A session that has not contacted anybody yet."""
        from gateway.providers.whatsapp.session import WhatsAppSession

        if self._shared is None:
            self._shared = self._make_shared()
        return WhatsAppSession(context, self._shared)

    async def aclose(self) -> None:
        """End the pairing process, if there is one."""
        shared, self._shared = self._shared, None
        if shared is not None:
            await shared.desk.aclose()

    def export_device(self, instance_id: InstanceId) -> bytes | None:
        """The device store of an instance whose session is stopped."""
        return DeviceFiles(self._folder, instance_id).export_device()

    def import_device(self, instance_id: InstanceId, data: bytes) -> None:
        """Become that device."""
        DeviceFiles(self._folder, instance_id).import_device(data)

    def forget_device(self, instance_id: InstanceId) -> None:
        """Remove its files."""
        DeviceFiles(self._folder, instance_id).forget()

    def _make_shared(self) -> Shared:
        from gateway.providers.whatsapp.link import Turns
        from gateway.providers.whatsapp.pairing.desk import PairingDesk
        from gateway.providers.whatsapp.shared import Shared

        given = self._settings
        return Shared(
            folder=self._folder,
            turns=Turns(),
            desk=PairingDesk(),
            egress=self._egress,
            proxy=given.whatsapp_proxy,
            device_name=given.whatsapp_device_name,
            history_days=given.whatsapp_history_days,
            history_messages=given.whatsapp_history_messages,
            probe_seconds=given.whatsapp_probe,
        )
