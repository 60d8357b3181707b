"""Every use case of a running gateway, one attribute per noun."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.kit.clock import Clock
from gateway.services.api_keys import ApiKeys
from gateway.services.auth import Auth
from gateway.services.bulks import Bulks
from gateway.services.caches import Caches
from gateway.services.calls import Calls
from gateway.services.channels import Channels
from gateway.services.checkup import Checkup
from gateway.services.contacts import Contacts
from gateway.services.databases import Databases
from gateway.services.door import Door
from gateway.services.event_log import EventLog
from gateway.services.groups import Groups
from gateway.services.health import Health
from gateway.services.histories import Histories
from gateway.services.hooks import Hooks
from gateway.services.idempotency import Idempotency
from gateway.services.inbox import Inbox
from gateway.services.instances import Instances
from gateway.services.key_usage import KeyUsage
from gateway.services.lifecycle import Lifecycle
from gateway.services.limit_settings import LimitSettings
from gateway.services.limits import Limiter, RouteLimiter
from gateway.services.live import Live
from gateway.services.logins import Logins
from gateway.services.logs import Logs
from gateway.services.media import MediaFiles
from gateway.services.messaging import Messaging
from gateway.services.people import People
from gateway.services.performance import Performance
from gateway.services.processing import Processing
from gateway.services.pulses import Pulses
from gateway.services.receiving import Receiving
from gateway.services.resources import Resources
from gateway.services.stored_messages import StoredMessages
from gateway.services.stress import StressTest
from gateway.services.tenants import Tenants
from gateway.services.upkeep import Upkeep
from gateway.services.usage import Usage
from gateway.services.usage_limits import UsageLimiting
from gateway.services.vitals import LooksAfter
from gateway.services.webhooks import Webhooks
from gateway.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What surfaces are given."""

    settings: Settings
    clock: Clock
    auth: Auth
    limiter: Limiter
    route_limiter: RouteLimiter
    tenants: Tenants
    api_keys: ApiKeys
    instances: Instances
    lifecycle: Lifecycle
    key_usage: KeyUsage
    histories: Histories
    vitals: LooksAfter
    processing: Processing
    receiving: Receiving
    logins: Logins
    messaging: Messaging
    stored_messages: StoredMessages
    bulks: Bulks
    media: MediaFiles
    idempotency: Idempotency
    contacts: Contacts
    live: Live
    groups: Groups
    people: People
    pulses: Pulses
    channels: Channels
    calls: Calls
    webhooks: Webhooks
    usage: Usage
    limit_settings: LimitSettings
    limiting: UsageLimiting
    upkeep: Upkeep
    databases: Databases
    door: Door
    hooks: Hooks
    inbox: Inbox
    event_log: EventLog
    health: Health
    resources: Resources
    performance: Performance
    checkup: Checkup
    caches: Caches
    stress: StressTest
    logs: Logs

    def let_go(self) -> None:
        """Let go of those who wait for something that may take long, because the gateway stops."""
        self.event_log.close()
        self.bulks.let_go()
