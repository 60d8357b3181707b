"""Wire format of how one instance is doing, and who it is, in the words of the library its clients grew up with."""

from msgspec import Struct

from gateway.domain.ids import Address
from gateway.domain.instances import Instance, LoginCode, ProviderName, SessionStateKind
from gateway.surfaces.api_v1.words import WhatsAppState
from gateway.surfaces.http import iso

_SERVERS = {"s.whatsapp.net": "c.us"}
"""What the library calls the server of people; either is understood where an address is asked for."""


def provider_word(instance: Instance) -> str:
    """What these routes call the network."""
    return "whatsapp" if instance.provider is ProviderName.WHATSAPP else instance.provider.value


class Wid(Struct, frozen=True, rename={"serialized": "_serialized"}):
    """An address in its parts."""

    server: str
    user: str
    serialized: str

    @classmethod
    def of(cls, address: Address) -> "Wid":
        user, _, server = address.partition("@")
        server = _SERVERS.get(server, server)
        return cls(server=server, user=user, serialized=f"{user}@{server}" if server else user)


class Info(Struct, frozen=True):
    """Who the instance is on its network."""

    pushname: str
    wid: Wid
    me: Wid
    platform: str | None = None
    """What the phone is: networks do not tell linked devices."""

    @classmethod
    def of(cls, address: Address, name: str) -> "Info":
        wid = Wid.of(address)
        return cls(pushname=name, wid=wid, me=wid)


class StatusReply(Struct, frozen=True, omit_defaults=True):
    """How an instance is doing. `info` and `qr` are for those who come with a credential for it."""

    provider: str
    status: str
    """`connected` or `disconnected`."""
    state: WhatsAppState
    info: Info | None = None
    qr: str | None = None

    @classmethod
    def of(cls, instance: Instance, info: Info | None, login: LoginCode | None) -> "StatusReply":
        waits = instance.state.kind is SessionStateKind.LOGIN_REQUIRED
        state = WhatsAppState.READY if instance.flows else WhatsAppState.QR_READY if waits else None
        return cls(
            provider=provider_word(instance),
            status="connected" if instance.flows else "disconnected",
            state=state or WhatsAppState.DISCONNECTED,
            info=info,
            qr=login.qr_code if login else None,
        )


class ClientHealthReply(Struct, frozen=True, omit_defaults=True):
    """Whether messages flow."""

    status: str
    """`healthy` or `unhealthy`."""
    provider: str
    timestamp: str
    error: str | None = None


class Account(Struct, frozen=True):
    """Who an instance is on its network, once that is known, and since when it is here."""

    account: str | None
    provider: ProviderName
    created_at: str
    updated_at: str


class AccountReply(Struct, frozen=True):
    """Who an instance is."""

    success: bool
    data: Account

    @classmethod
    def of(cls, instance: Instance) -> "AccountReply":
        return cls(
            success=True,
            data=Account(
                account=instance.account or None,
                provider=instance.provider,
                created_at=iso(instance.created_at),
                updated_at=iso(instance.updated_at),
            ),
        )
