"""Wire format of the database in use."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.services.databases import DatabaseStatus
from gateway.surfaces.http import maybe_iso

_PROVIDERS = Meta(examples=["sqlite", "postgres"])


class DatabaseItem(Struct, frozen=True, rename="camel", kw_only=True):
    """The database in use, without credentials; `since` is when it was switched to."""

    provider: Annotated[str, _PROVIDERS]
    url: Annotated[str, Meta(examples=["file:data/gateway.db", "postgresql://localhost:5432/gateway"])]
    switching: bool
    since: str | None

    @classmethod
    def of(cls, status: DatabaseStatus) -> "DatabaseItem":
        return cls(provider=status.provider, url=status.url, switching=status.switching, since=maybe_iso(status.since))


class SwitchBody(Struct, frozen=True):
    """Which database to go on with."""

    provider: Annotated[str, _PROVIDERS] = ""


class Switched(Struct, frozen=True):
    """Where the gateway is now."""

    success: bool
    message: str
    provider: str
