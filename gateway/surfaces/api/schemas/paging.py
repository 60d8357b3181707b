"""What every paged answer of this surface ends with."""

from msgspec import Struct

from gateway.surfaces.http import Page


class Pagination(Struct, frozen=True, rename="camel"):
    """Which part of a list this is."""

    total: int
    limit: int
    skip: int
    has_more: bool

    @classmethod
    def of(cls, page: Page, total: int) -> "Pagination":
        return cls(total=total, limit=page.limit, skip=page.skip, has_more=page.skip + page.limit < total)
