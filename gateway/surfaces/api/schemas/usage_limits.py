"""Wire format of usage limits."""

from typing import Annotated

from msgspec import Meta, Struct, structs

from gateway.domain.usage_limits import COUNTERS, UsageLimits
from gateway.services.usage_limits import Allowance
from gateway.surfaces.api.schemas.usage import Totals
from gateway.surfaces.http import maybe_iso

Most = Annotated[int | None, Meta(description="null or 0: no limit.")]


class LimitsBody(Struct, frozen=True, rename="camel", kw_only=True):
    """What may be done within the window. A field that is absent is no limit: the limits are set as a whole.

    The window counts whole UTC days, those that began within the last `timeWindowHours`.
    """

    max_messages_sent: Most = None
    max_messages_received: Most = None
    max_media_sent: Most = None
    max_media_received: Most = None
    max_media_size: Annotated[int | None, Meta(description="Bytes of files both ways. null or 0: no limit.")] = None
    max_api_calls: Most = None
    max_webhook_calls: Most = None
    time_window_hours: Annotated[int, Meta(examples=[24])] = 24

    def to_limits(self) -> UsageLimits:
        """As the gateway calls them."""
        return UsageLimits(window_hours=self.time_window_hours, **{name: getattr(self, name) for name in COUNTERS})

    @classmethod
    def of(cls, limits: UsageLimits) -> "LimitsBody":
        return cls(time_window_hours=limits.window_hours, **{name: getattr(limits, name) for name in COUNTERS})


class LimitsReply(Struct, frozen=True):
    """An owner's own limits; null when it has none, and the next wider ones hold."""

    limits: LimitsBody | None

    @classmethod
    def of(cls, limits: UsageLimits | None) -> "LimitsReply":
        return cls(limits=LimitsBody.of(limits) if limits is not None else None)


class ExceededItem(Struct, frozen=True):
    """A limit that was passed."""

    limit: Annotated[str, Meta(examples=["maxMessagesSent"])]
    most: int
    used: int


class AllowanceReply(Struct, frozen=True, rename="camel", kw_only=True):
    """What an instance may do and has done within the window. `of` says whose limits hold."""

    of: Annotated[str, Meta(examples=["instance", "user", "default", "nobody"])]
    limits: LimitsBody
    usage: Totals
    exceeded: list[ExceededItem]
    frees_at: Annotated[str | None, Meta(description="When the window will have moved on far enough.")]

    @classmethod
    def of_allowance(cls, allowance: Allowance) -> "AllowanceReply":
        names = {field.name: field.encode_name for field in structs.fields(LimitsBody)}
        owner = allowance.owner
        whose = "nobody" if owner is None else owner.key.partition("|")[0]
        return cls(
            of=whose,
            limits=LimitsBody.of(allowance.limits),
            usage=Totals.of(allowance.used),
            exceeded=[
                ExceededItem(limit=names[each.limit], most=each.most, used=each.used) for each in allowance.exceeded
            ],
            frees_at=maybe_iso(allowance.frees_at),
        )
