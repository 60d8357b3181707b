"""Wire format of the routes that are the same for every network."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, to_builtins

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.instances import Instance, ProviderName, SessionStateKind
from gateway.domain.messages import OutgoingMessage, Text
from gateway.services.instances import NewInstance
from gateway.surfaces.api_v1.schemas.new_instances import NewInstanceBody
from gateway.surfaces.api_v1.schemas.seen import PersonItem, SeenChat
from gateway.surfaces.api_v1.schemas.telegram import BotInfo
from gateway.surfaces.api_v1.schemas.telegram_sending import address_of
from gateway.surfaces.api_v1.words import LifeCycle, WhatsAppState, life_cycle_of, provider_of, whatsapp_state_of
from gateway.surfaces.http import iso

TITLES: Mapping[ProviderName, str] = MappingProxyType(
    {
        ProviderName.WHATSAPP: "WhatsApp Web",
        ProviderName.TELEGRAM: "Telegram",
        ProviderName.WHATSAPP_CLOUD: "WhatsApp Official",
        ProviderName.MESSENGER: "Facebook Messenger",
        ProviderName.INSTAGRAM: "Instagram",
        ProviderName.SLACK: "Slack",
        ProviderName.DISCORD: "Discord",
    }
)
"""What people call the networks."""


class NewProviderBody(Struct, frozen=True, kw_only=True):
    """An instance to make; `provider` is required."""

    provider: Annotated[str | None, Meta(description="Required.", examples=["telegram"])] = None
    config: Annotated[
        dict[str, Any] | None, Meta(description="The network's settings.", examples=[{"botToken": "123456789:AAF..."}])
    ] = None
    company_id: Annotated[str | None, Meta(description="A label of yours, to group by.")] = None
    name: str | None = None

    def to_new_instance(self) -> NewInstance:
        """What the services understand. Raises InvalidInput naming the field."""
        if not self.provider:
            raise InvalidInput("provider is required", field="provider")
        provider = provider_of(self.provider)
        config = NewInstanceBody(config=self.config).config_for(provider)
        if provider is ProviderName.TELEGRAM:
            if not config.get("token"):
                raise InvalidInput("config.botToken is required for telegram", field="config.botToken")
            # Making an instance does not wait for the network: it says no later, in the instance's errors.
            config["anyToken"] = True
        label = (NewInstanceBody(company_id=self.company_id).label or "").strip()
        name = (self.name or "").strip() or f"{provider.value} {label}".strip()
        return NewInstance(name=name[:255], provider=provider, label=label, config=config)


class MadeInstance(Struct, frozen=True, rename="camel"):
    """A new instance, on its way."""

    instance_id: str
    provider: ProviderName
    status: Literal["created"]
    api_key: Annotated[str | None, Meta(description="What its programs come with.")]


class RemovedInstance(Struct, frozen=True, rename="camel"):
    """An instance that is gone."""

    instance_id: str
    provider: ProviderName
    status: Literal["deleted"]


class ListedInstance(Struct, frozen=True):
    """An instance in a list."""

    instance_id: str
    provider_type: ProviderName
    status: Literal["creating", "ready", "disconnected", "error"]
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, instance: Instance) -> "ListedInstance":
        return cls(
            instance.id, instance.provider, _progress(instance), iso(instance.created_at), iso(instance.updated_at)
        )


class ProviderInstances(Struct, frozen=True):
    """Instances, oldest first."""

    instances: list[ListedInstance]
    total: int


class ProviderStatus(Struct, frozen=True):
    """Where a session stands, in the words of its network's own routes."""

    provider: ProviderName
    status: Literal["connected", "disconnected", "error"]
    state: str
    info: Annotated[dict[str, Any] | UnsetType, Meta(description="Who it is there, once it is connected.")] = UNSET

    @classmethod
    def of(cls, instance: Instance, told: Mapping[str, Any] | None) -> "ProviderStatus":
        match life_cycle_of(instance.state.kind, flows=instance.flows):
            case LifeCycle.CLIENT_READY:
                account = {"account": instance.account} if instance.account else UNSET
                info = to_builtins(BotInfo.of(told)) if told else account
                return cls(instance.provider, "connected", "READY", info)
            case LifeCycle.ERROR:
                return cls(instance.provider, "error", "ERROR")
            case _:
                state = whatsapp_state_of(instance) or WhatsAppState.DISCONNECTED
                return cls(instance.provider, "disconnected", state.value)


class ProviderTextBody(Struct, frozen=True):
    """Words to say; `to` and `message` are required."""

    to: Annotated[str | int | None, Meta(description="Required. To whom.", examples=["134527512"])] = None
    message: Annotated[str | None, Meta(description="Required. The words.", examples=["Hello"])] = None

    def to_message(self) -> OutgoingMessage:
        """What the services understand. Raises InvalidInput naming the field."""
        to = _required(self.to, "to")
        if not self.message:
            raise InvalidInput("message is required", field="message")
        return OutgoingMessage(to=to, content=Text(text=self.message))


class ProviderMediaBody(Struct, frozen=True, rename="camel"):
    """A file to say; `to` and `mediaUrl` are required."""

    to: Annotated[str | int | None, Meta(description="Required. To whom.", examples=["134527512"])] = None
    media_url: Annotated[
        str | None, Meta(description="Required. An http(s) URL.", examples=["https://example.com/cat.jpg"])
    ] = None
    caption: str | None = None

    def addressed(self) -> tuple[Address, str]:
        """To whom, and from where. Raises InvalidInput naming the field."""
        to = _required(self.to, "to")
        if not self.media_url:
            raise InvalidInput("mediaUrl is required", field="mediaUrl")
        return to, self.media_url


class ProviderSent(Struct, frozen=True, rename="camel"):
    """Said."""

    success: bool
    message_id: str
    to: str
    provider: ProviderName


class ProviderMediaSent(Struct, frozen=True, rename="camel"):
    """A file was said."""

    success: bool
    message_id: str
    to: str
    media_url: str
    caption: str | None
    provider: ProviderName


class ProviderContacts(Struct, frozen=True):
    """People an instance knows, by name."""

    contacts: list[PersonItem]
    total: int
    provider: ProviderName


class ProviderChats(Struct, frozen=True):
    """Chats of an instance, the one that moved last first."""

    chats: list[SeenChat]
    total: int
    provider: ProviderName


class NetworkCount(Struct, frozen=True):
    """The instances on one network."""

    count: int
    instances: list[str]


class ProviderStats(Struct, frozen=True):
    """The instances on each network, by the network's title."""

    stats: dict[str, NetworkCount]
    timestamp: str

    @classmethod
    def of(cls, instances: Iterable[Instance], timestamp: str) -> "ProviderStats":
        found: dict[ProviderName, list[str]] = {each: [] for each in TITLES}
        for instance in instances:
            found[instance.provider].append(instance.id)
        return cls({TITLES[each]: NetworkCount(len(ids), ids) for each, ids in found.items()}, timestamp)


class ActiveProviders(Struct, frozen=True, rename="camel"):
    """The instances there are, and the networks they are on."""

    active_providers: Annotated[list[str], Meta(description="Ids of instances.")]
    total: int
    providers: list[ProviderName]


def _progress(instance: Instance) -> Literal["creating", "ready", "disconnected", "error"]:
    match life_cycle_of(instance.state.kind, flows=instance.flows):
        case LifeCycle.CLIENT_READY:
            return "ready"
        case LifeCycle.ERROR:
            return "error"
        case _:
            return "creating" if instance.state.kind is SessionStateKind.STARTING else "disconnected"


def _required(to: str | int | None, field: str) -> Address:
    address = address_of(to)
    if not address:
        raise InvalidInput(f"{field} is required", field=field)
    return address
