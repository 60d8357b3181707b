"""Wire format of `/api/whatsapp-simple`, where it has one of its own."""

from msgspec import Struct

from gateway.surfaces.api.schemas.instances import ConnectionStatus


class StartedReply(Struct, frozen=True, kw_only=True):
    """It is being connected."""

    success: bool = True
    message: str
    status: ConnectionStatus


class NotReadyReply(Struct, frozen=True, kw_only=True):
    """Nothing was sent."""

    error: str = "Instance not ready"
    code: str = "not_connected"
    status: ConnectionStatus
    message: str = "Please initialize the instance and scan the QR code first"
