"""Wire format of logging an instance in at its network, and of what it can do then."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.instances import LoginCode
from gateway.surfaces.http import maybe_iso


class QrReply(Struct, frozen=True, rename="camel"):
    """What a person has to scan: the raw text of the QR code, not a picture."""

    qr_code: str


class QrPicture(Struct, frozen=True, rename="camel", kw_only=True):
    """The same with a picture of it."""

    qr_code: str
    data_url: Annotated[str, Meta(description="A PNG, for an image tag.")]
    expires_at: str | None


class QrPending(Struct, frozen=True):
    """No code yet."""

    message: str = "QR code generation in progress. Please try again in a few seconds."
    status: str = "generating"


class PairingCodeBody(Struct, frozen=True, rename="camel"):
    """The phone that is to be linked. `phoneNumber` is required."""

    phone_number: Annotated[
        str | int | None, Meta(description="With its country code.", examples=["4915100000002"])
    ] = None


class PairingCodeReply(Struct, frozen=True, rename="camel", kw_only=True):
    """What a person has to type on the phone, under Linked devices."""

    pairing_code: str
    expires_at: str | None

    @classmethod
    def of(cls, code: LoginCode) -> "PairingCodeReply":
        return cls(pairing_code=code.pairing_code or "", expires_at=maybe_iso(code.expires_at))


class Capabilities(Struct, frozen=True):
    """What an instance can do beyond sending."""

    capabilities: Annotated[list[str], Meta(examples=[["edit", "delete", "react", "groups"]])]
