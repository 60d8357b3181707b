"""`/api/v1/`: what there is."""

from litestar import get
from msgspec import Struct

VERSION = "v1"


class Endpoints(Struct, frozen=True, rename={"stress_test": "stressTest"}):
    """Where things are."""

    instances: str = "/api/v1/instances"
    resources: str = "/api/v1/resources"
    logs: str = "/api/v1/logs"
    company: str = "/api/v1/company/{companyId}"
    ports: str = "/api/v1/resources/ports"
    performance: str = "/api/v1/resources/performance"
    health: str = "/api/v1/resources/health"
    stress_test: str = "/api/v1/resources/stress-test"


class CompanyEndpoints(Struct, frozen=True, rename="camel"):
    """Where things of one company are."""

    instances: str = "/api/v1/company/{companyId}/instances"
    messages: str = "/api/v1/company/{companyId}/messages"
    message_stats: str = "/api/v1/company/{companyId}/messages/stats"
    recent_messages: str = "/api/v1/company/{companyId}/messages/recent"


class Root(Struct, frozen=True):
    """What there is."""

    version: str
    endpoints: Endpoints
    description: dict[str, str]
    company_endpoints: CompanyEndpoints


_DESCRIPTION = {
    "instances": "Instances: made, processed, started, stopped, looked at",
    "resources": "What the gateway takes of its machine",
    "logs": "The gateway's own log",
    "company": "Messages and instances under one company_id",
}


@get("/", summary="What there is", security=[])
async def root() -> Root:
    """Where the parts of this API are. Asks for no credential."""
    return Root(VERSION, Endpoints(), _DESCRIPTION, CompanyEndpoints())


HANDLERS = [root]
