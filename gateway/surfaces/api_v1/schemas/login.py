"""Wire format of logging in: how far an instance is, and what a person has to scan."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.instances import Instance, LoginCode, ProviderName
from gateway.kit.qr import qr_data_url
from gateway.surfaces.api_v1.schemas.instances import Parts
from gateway.surfaces.api_v1.schemas.memory import last_seen
from gateway.surfaces.api_v1.words import (
    AuthStatus,
    LifeCycle,
    WhatsAppState,
    auth_status_of,
    life_cycle_of,
    whatsapp_state_of,
)
from gateway.surfaces.http import maybe_iso

DEFAULT_LIFE = 45
"""Seconds told of a code whose network does not say how long it is good."""


class AuthData(Struct, frozen=True):
    """The same, nested."""

    status: LifeCycle
    authenticated: bool
    account: str | None


class AuthReply(Struct, frozen=True):
    """Whether an instance is logged in."""

    success: bool
    auth_status: AuthStatus
    whatsapp_state: WhatsAppState | None
    phone_number: str | None
    account: str | None
    is_ready_for_messages: bool
    last_seen: str
    last_qr_generated: str | None
    data: AuthData

    @classmethod
    def of(cls, instance: Instance, now: datetime, login_at: datetime | None) -> "AuthReply":
        account = instance.account or None
        return cls(
            success=True,
            auth_status=auth_status_of(instance),
            whatsapp_state=whatsapp_state_of(instance),
            phone_number=account if instance.provider is ProviderName.WHATSAPP else None,
            account=account,
            is_ready_for_messages=instance.flows,
            last_seen=last_seen(instance, now),
            last_qr_generated=maybe_iso(login_at),
            data=AuthData(
                status=life_cycle_of(instance.state.kind, flows=instance.flows),
                authenticated=instance.flows,
                account=account,
            ),
        )


class QrData(Struct, frozen=True):
    """The code as a picture."""

    qr_url: str
    url: str
    qr_code: str
    expires_in: int


class QrReply(Struct, frozen=True):
    """The code to scan: its text, and a picture of it."""

    success: bool
    qr_code: str
    qr_code_text: str
    auth_status: AuthStatus
    expires_in: int
    data: QrData

    @classmethod
    def of(cls, login: LoginCode, now: datetime) -> "QrReply":
        life = DEFAULT_LIFE if login.expires_at is None else max(0, int((login.expires_at - now).total_seconds()))
        picture = qr_data_url(login.text)
        return cls(True, login.text, login.text, AuthStatus.QR_READY, life, QrData(picture, picture, login.text, life))


class CredentialsReply(Struct, frozen=True):
    """What a program needs to use an instance."""

    success: bool
    api_key: str
    api_url: str
    mcp_url: str | None = None


class RotatedKey(Struct, frozen=True):
    """A new key, shown this once."""

    api_key: str
    generated_at: str


class RotatedKeyReply(Struct, frozen=True):
    """A new key, shown this once; the former one ends now."""

    success: bool
    data: RotatedKey
    message: str


class HealthReply(Struct, frozen=True):
    """Whether an instance is well."""

    success: bool
    status: str
    healthy: bool
    services: Parts
    timestamp: str
