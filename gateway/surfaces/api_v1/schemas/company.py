"""Wire format of what is under one `company_id`. What was not asked for is left out of `filters`."""

from msgspec import Struct

from gateway.domain.stored_messages import MessageCounts
from gateway.surfaces.api_v1.schemas.instances import Row
from gateway.surfaces.api_v1.schemas.stored_messages import Counts, StoredRow, Window


class MessageFilters(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for."""

    company_id: str
    chat_id: str | None = None
    is_group: bool | None = None
    provider: str | None = None


class CompanyMessages(Struct, frozen=True):
    """Newest first. `count` is of this page."""

    success: bool
    data: list[StoredRow]
    count: int
    pagination: Window
    filters: MessageFilters


class RecentMessages(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Newest first."""

    success: bool
    data: list[StoredRow]
    count: int
    company_id: str
    limit: int
    provider: str | None = None


class CompanyCounts(Counts, frozen=True, kw_only=True):
    """Sums over the messages of all its instances."""

    instances_count: int

    @classmethod
    def of(cls, counts: MessageCounts, instances: int) -> "CompanyCounts":
        return cls(**cls.named(counts), instances_count=instances)


class CompanyCountsReply(Struct, frozen=True):
    """Sums over the messages of all its instances."""

    success: bool
    data: CompanyCounts
    company_id: str


class InstanceFilters(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for."""

    company_id: str
    provider: str | None = None
    auth_status: str | None = None


class CompanyInstances(Struct, frozen=True):
    """Its instances, oldest first."""

    success: bool
    instances: list[Row]
    total: int
    company_id: str
    filters: InstanceFilters
