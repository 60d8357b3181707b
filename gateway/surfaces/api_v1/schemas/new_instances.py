"""Wire format of what makes or changes an instance."""

from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import InstanceOptions, ProviderName
from gateway.domain.webhooks import Endpoint
from gateway.services.instances import InstanceChange, NewInstance
from gateway.surfaces.api_v1.webhook_schema import WebhookSchema
from gateway.surfaces.api_v1.words import provider_of

_SERVES = ("api", "mcp")
_LONGEST_LABEL = 255
_NETWORK_FIELDS = (
    "bot_token",
    "access_token",
    "phone_number_id",
    "page_access_token",
    "app_secret",
    "instagram_user_id",
    "signing_secret",
    "client_id",
    "guild_id",
    "webhook_verify_token",
)
"""Settings of networks that may stand at the root of a body, as that system's table has columns for them."""


class _Fields(Struct, frozen=True, kw_only=True):
    """What a new instance and a changed one have in common."""

    company_id: Annotated[str | None, Meta(description="A label of yours, to group by.")] = None
    user_id: Annotated[str | None, Meta(description="The older name of `company_id`.")] = None
    name: Annotated[str | None, Meta(description="What people call it; default: network and label.")] = None
    type_instance: Annotated[list[str] | None, Meta(description='`api`, `mcp`, or both; default ["api"].')] = None
    token: Annotated[str | None, Meta(description="The token of a Telegram bot.")] = None
    bot_token: Annotated[str | None, Meta(description="The same; also of Slack's and Discord's bots.")] = None
    access_token: str | None = None
    phone_number_id: str | None = None
    page_access_token: str | None = None
    app_secret: str | None = None
    instagram_user_id: str | None = None
    signing_secret: str | None = None
    client_id: str | None = None
    guild_id: str | None = None
    webhook_verify_token: str | None = None
    config: Annotated[dict[str, Any] | None, Meta(description="The network's own settings.")] = None
    api_webhook_schema: WebhookSchema | None = None
    mcp_schema: dict[str, Any] | None = None
    agno_config: Annotated[dict[str, Any] | None, Meta(description="How an agent answers.")] = None
    agent_id: str | None = None
    agno_enable: bool | None = None
    agno_url: str | None = None
    stream: bool | None = None
    model: str | None = None

    @property
    def label(self) -> str | None:
        """Whose it is, in the caller's own words."""
        label = self.company_id if self.company_id is not None else self.user_id
        if label is not None and len(label) > _LONGEST_LABEL:
            raise InvalidInput(f"company_id must have at most {_LONGEST_LABEL} characters", field="company_id")
        return label

    def config_for(self, provider: ProviderName) -> dict[str, object]:
        """The network's settings, wherever they were written."""
        config: dict[str, object] = dict(self.config or {})
        if provider is ProviderName.TELEGRAM:
            token = self.token or self.bot_token or config.pop("bot_token", None) or config.pop("botToken", None)
            return config if token is None else config | {"token": token}
        said = ((name, getattr(self, name)) for name in _NETWORK_FIELDS)
        return config | {name: value for name, value in said if value is not None}

    def agent(self) -> dict[str, Any] | None:
        """How an agent answers, in one form; None when nothing was said about it."""
        flat = {
            "agent_id": self.agent_id,
            "enabled": self.agno_enable,
            "agnoUrl": self.agno_url,
            "stream": self.stream,
            "model": self.model,
        }
        said = {name: value for name, value in flat.items() if value is not None}
        if self.agno_config is None and not said:
            return None
        given = dict(self.agno_config or {})
        if "agno_url" in given:
            given.setdefault("agnoUrl", given.pop("agno_url"))
        return {"enabled": True, "stream": False} | given | said

    def serves(self) -> tuple[str, ...] | None:
        """What it is for; None when nothing was said."""
        if self.type_instance is None:
            return None
        if not self.type_instance:
            raise InvalidInput("type_instance must be a non-empty array", field="type_instance")
        if not set(self.type_instance) <= set(_SERVES):
            raise InvalidInput('type_instance must contain only "api" and/or "mcp"', field="type_instance")
        return tuple(dict.fromkeys(self.type_instance))


class NewInstanceBody(_Fields, frozen=True, kw_only=True):
    """An instance to make. `company_id` (or `user_id`) and `provider` are required."""

    provider: Annotated[str | None, Meta(examples=["whatsappweb"])] = None

    def to_new_instance(self) -> NewInstance:
        """What the services understand. Raises InvalidInput in the sentences that clients know."""
        label = (self.label or "").strip()
        if not label or not self.provider:
            missing = "provider" if label else "company_id"
            raise InvalidInput("company_id, provider, and type_instance are required", field=missing)
        provider = provider_of(self.provider)
        serves = self.serves() or ("api",)
        config = self.config_for(provider)
        if provider is ProviderName.TELEGRAM:
            if not config.get("token"):
                raise InvalidInput("For telegram provider, token (bot token) is required", field="token")
            # Making an instance does not wait for the network: it says no later, in the instance's errors.
            config["anyToken"] = True
        name = (self.name or "").strip() or f"{provider.value} {label}"[:_LONGEST_LABEL]
        return NewInstance(
            name=name,
            provider=provider,
            label=label,
            config=config,
            webhook=self.api_webhook_schema.to_endpoint_change() if self.api_webhook_schema else None,
            options=InstanceOptions(serves=serves, agent=self.agent() or {}, mcp=self.mcp_schema or {}),
        )


class InstanceChangesBody(_Fields, frozen=True, kw_only=True):
    """What to change of an instance; absent keeps. What the gateway decides by itself is ignored."""

    def to_change(
        self, provider: ProviderName, options: InstanceOptions, endpoint: Endpoint | None = None
    ) -> InstanceChange:
        """The change, given what there is. Raises InvalidInput when nothing is to change."""
        serves, agent, config = self.serves(), self.agent(), self.config_for(provider)
        new_options = structs.replace(
            options,
            serves=options.serves if serves is None else serves,
            agent=options.agent if agent is None else agent,
            mcp=options.mcp if self.mcp_schema is None else self.mcp_schema,
        )
        if config and provider is ProviderName.TELEGRAM:
            config["anyToken"] = True
        change = InstanceChange(
            name=self.name,
            label=self.label,
            config=config or None,
            webhook=self.api_webhook_schema.to_endpoint_change(endpoint) if self.api_webhook_schema else None,
            options=None if new_options == options else new_options,
        )
        if change == InstanceChange():
            raise InvalidInput("No valid fields to update")
        return change
