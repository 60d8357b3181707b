"""A running gateway: every part made, connected, started in order and stopped in the reverse order."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gateway.domain.errors import Conflict, GatewayError
from gateway.domain.events import AcceptedEvent
from gateway.domain.ids import EndpointId
from gateway.domain.instances import Instance
from gateway.domain.usage import Calendar
from gateway.kit.clock import Clock, SystemClock
from gateway.kit.egress import Egress, EgressPolicy, Lookup
from gateway.kit.log import get_logger
from gateway.kit.logbook import Logbook
from gateway.kit.machine import Meter
from gateway.kit.secrets import PasswordHasher, Sealer
from gateway.providers import make_providers
from gateway.services.accounts import Accounts
from gateway.services.addresses import Addresses
from gateway.services.api_keys import ApiKeys
from gateway.services.auth import Auth
from gateway.services.bulk_runner import BulkRunner
from gateway.services.bulks import Bulks
from gateway.services.caches import Caches, caches_of
from gateway.services.calls import Calls
from gateway.services.caretaker import Caretaker
from gateway.services.channels import Channels
from gateway.services.checkup import Checkup
from gateway.services.contacts import Contacts
from gateway.services.databases import Databases
from gateway.services.door import Door
from gateway.services.event_log import EventLog
from gateway.services.first_admin import FirstAdmin, ensure_first_admin
from gateway.services.groups import Groups
from gateway.services.health import Health
from gateway.services.histories import Histories
from gateway.services.hooks import Hooks
from gateway.services.idempotency import Idempotency
from gateway.services.inbox import Inbox
from gateway.services.instances import Instances
from gateway.services.jobs import jobs_of
from gateway.services.key_usage import KeyUsage
from gateway.services.lifecycle import Lifecycle
from gateway.services.limit_settings import LimitSettings
from gateway.services.limits import Limiter, RouteLimiter
from gateway.services.live import Live
from gateway.services.logins import Logins
from gateway.services.logs import Logs
from gateway.services.media import MediaFiles
from gateway.services.messaging import Messaging
from gateway.services.pacer import Pace
from gateway.services.people import People
from gateway.services.performance import Performance
from gateway.services.processing import Processing
from gateway.services.pulses import Pulses
from gateway.services.receiving import Receiving
from gateway.services.resources import Resources
from gateway.services.retention import Retention
from gateway.services.services import Services
from gateway.services.stored_messages import StoredMessages
from gateway.services.stress import StressTest
from gateway.services.tenants import Tenants
from gateway.services.throttle import LoginThrottle
from gateway.services.tokens import Tokens
from gateway.services.upkeep import Upkeep
from gateway.services.usage import Usage
from gateway.services.usage_limits import UsageLimiting
from gateway.services.vitals import LooksAfter
from gateway.services.webhooks import Webhooks
from gateway.sessions.registry import Registry
from gateway.settings import Settings
from gateway.storage.engine import SwitchableEngine, make_engine
from gateway.storage.migrate import migrate
from gateway.storage.process_lock import ProcessLock, SwitchableLock, acquire_process_lock
from gateway.storage.storage import Storage
from gateway.webhooks.dispatcher import Dispatcher, DispatcherSettings
from gateway.webhooks.sender import Limits

log = get_logger(__name__)

LOCK_CHECK_SECONDS = 10.0
BULK_GRACE = 5.0
"""Seconds that a message of a bulk may take when the gateway stops."""
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What the surfaces and the command line are given of a running gateway."""

    settings: Settings
    services: Services
    first_admin: FirstAdmin | None
    """Set on the first start only; its generated secrets are for the terminal, once."""
    metrics: Sequence[Any]
    """Prometheus collectors of every part."""
    lock_lost: asyncio.Event
    """Set when another process may own the database: stop."""


@asynccontextmanager
async def opened_storage(settings: Settings) -> AsyncIterator[Storage]:
    """The database, opened and migrated, for commands that run beside a gateway."""
    storage = Storage(make_engine(settings.database), Sealer(settings.encryption_keys))
    try:
        await storage.open()
        await migrate(storage.database)
        yield storage
    finally:
        await storage.close()


def make_auth(storage: Storage, settings: Settings, clock: Clock, hasher: PasswordHasher) -> Auth:
    """Authentication over a storage, as the gateway and the command line both need it."""
    return Auth(
        storage,
        tokens=Tokens(settings.jwt_secret, lifetime=settings.jwt_expiration, clock=clock),
        hasher=hasher,
        throttle=LoginThrottle(clock),
        clock=clock,
        instance_keys=settings.instance_keys,
    )


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock | None = None, lookup: Lookup | None = None, book: Logbook | None = None
) -> AsyncIterator[Gateway]:
    """Start everything, yield, stop everything. `book` is what keeps the log of this process, if something does.

    Raises StorageUnavailable, Conflict (another gateway owns the database) or SettingsError before anything runs.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        engine = SwitchableEngine(make_engine(settings.database))
        stack.push_async_callback(engine.close)
        await engine.open()
        lock = SwitchableLock(await acquire_process_lock(engine.database))
        stack.push_async_callback(lock.release)
        for migration in await migrate(engine.database):
            log.info("migrated", migration=migration)
        storage = Storage(engine, Sealer(settings.encryption_keys))
        await storage.open()  # after the migrations, which bind the tables to the database itself

        policy = EgressPolicy(allow=settings.egress_allow, allow_http=settings.egress_http)
        egress = await stack.enter_async_context(Egress(policy, lookup=lookup))
        hasher = PasswordHasher()
        auth = make_auth(storage, settings, clock, hasher)
        providers = make_providers(settings, egress)

        dispatcher = Dispatcher(
            storage.outbox,
            storage.endpoints,
            egress,
            clock,
            DispatcherSettings(
                max_in_flight=settings.webhook_concurrency,
                lease=settings.webhook_timeout * 3,
                limits=Limits(
                    connect_timeout=min(5.0, settings.webhook_timeout),
                    read_timeout=min(15.0, settings.webhook_timeout),
                    total_timeout=settings.webhook_timeout,
                ),
            ),
            on_disabled=lambda endpoint, reason: webhooks.disabled(endpoint, reason),  # noqa: PLW0108 - made below
        )
        event_log = EventLog(storage, clock)

        def accepted(events: Sequence[AcceptedEvent], endpoints: frozenset[EndpointId]) -> None:
            dispatcher.wake(endpoints)
            event_log.publish(events)
            accounts.saw(events)

        calendar = Calendar(settings.usage_timezone)
        inbox = Inbox(storage, clock, accepted, calendar)
        registry = Registry(providers, inbox.emit, clock, lambda instance: _hook_url(settings, instance))
        accounts = Accounts(storage, registry)
        key_usage = KeyUsage(storage, clock, secret_keys=settings.instance_keys == "secret")
        webhooks = Webhooks(
            storage,
            egress,
            clock,
            accept=inbox.accept,
            wake=dispatcher.wake,
            concurrency=settings.webhook_endpoint_concurrency,
        )
        performance = Performance(clock)
        lifecycle = Lifecycle(storage, registry, providers, clock)
        instances = Instances(
            storage,
            registry,
            providers,
            webhooks,
            clock,
            secret_keys=settings.instance_keys == "secret",
            forget_key=auth.forget_instance,
            settle_keys=key_usage.flush,
            performance=performance,
        )
        usage = Usage(storage, instances, clock, calendar)
        tenants = Tenants(storage, auth=auth, hasher=hasher, clock=clock)
        addresses = Addresses(storage, providers)
        live = Live(storage, registry, addresses)
        limiting = UsageLimiting(storage, registry, inbox, usage, clock)
        pulses = Pulses(instances, registry, clock)
        meter = Meter()
        upkeep = Upkeep(
            jobs_of(
                settings,
                retention=Retention(storage, settings, clock),
                usage=usage,
                key_usage=key_usage,
                limiting=limiting,
                caretaker=Caretaker(storage, registry, pulses),
                meter=meter,
            ),
            clock,
        )
        messaging = Messaging(
            storage,
            registry,
            inbox,
            clock,
            addresses,
            limiting,
            sends_per_second=settings.send_rate_limit,
            media_max_bytes=settings.media_max_mb * MEBIBYTE,
            default_pace=Pace(
                messages_per_minute=settings.pace_messages_per_minute,
                first_contacts_per_minute=settings.pace_first_contacts_per_minute,
                jitter=settings.pace_jitter,
            ),
        )
        bulk_runner = BulkRunner(
            storage, messaging, addresses, clock, grace=min(BULK_GRACE, settings.shutdown_timeout / 3)
        )
        door = Door()
        health = Health(storage, registry, lock, backlog=lambda: inbox.backlog)
        resources = Resources(instances, registry, meter, data_dir=settings.data_dir)
        caches = Caches(caches_of(auth, storage), clock)
        processing = Processing(storage, instances, lifecycle, registry, performance)
        services = Services(
            settings=settings,
            clock=clock,
            auth=auth,
            limiter=Limiter(settings.api_rate_limit, clock),
            route_limiter=RouteLimiter(settings, clock),
            tenants=tenants,
            api_keys=ApiKeys(storage, auth=auth, clock=clock),
            instances=instances,
            lifecycle=lifecycle,
            key_usage=key_usage,
            histories=Histories(storage, instances, key_usage),
            vitals=LooksAfter(storage, instances, registry, key_usage, pulses, clock, calendar),
            processing=processing,
            receiving=Receiving(instances, processing, registry),
            logins=Logins(instances, lifecycle, registry, providers, clock),
            messaging=messaging,
            stored_messages=StoredMessages(storage, addresses, clock, calendar),
            bulks=Bulks(storage, registry, bulk_runner, clock),
            media=MediaFiles(egress, max_bytes=settings.media_max_mb * MEBIBYTE),
            idempotency=Idempotency(storage, clock),
            contacts=Contacts(storage, addresses, live, messaging, clock),
            live=live,
            groups=Groups(live),
            people=People(live),
            pulses=pulses,
            channels=Channels(live),
            calls=Calls(live),
            webhooks=webhooks,
            usage=usage,
            limit_settings=LimitSettings(storage, clock),
            limiting=limiting,
            upkeep=upkeep,
            databases=Databases(storage, engine, lock, door, settings, clock),
            door=door,
            hooks=Hooks(storage, registry, clock),
            inbox=inbox,
            event_log=event_log,
            health=health,
            resources=resources,
            performance=performance,
            checkup=Checkup(storage, health, instances, resources, performance),
            caches=caches,
            stress=StressTest(instances, caches, clock),
            logs=Logs(book or Logbook()),
        )
        first_admin = await ensure_first_admin(tenants, settings)

        # Started from the inside out: what writes before what speaks, what speaks before what listens.
        lock_lost = asyncio.Event()
        inbox.open()
        stack.push_async_callback(inbox.aclose)
        dispatcher.start()
        stack.push_async_callback(dispatcher.drain, settings.shutdown_timeout * 2 / 3)
        stack.push_async_callback(accounts.aclose)
        registry.open()
        stack.push_async_callback(registry.aclose)
        upkeep.open()  # after the sessions, so that no job starts one while they end
        stack.push_async_callback(upkeep.aclose)
        bulk_runner.open()  # last, so that it ends first: what it sends has to be recorded
        stack.push_async_callback(bulk_runner.aclose)
        for work in (_restore(lifecycle), _watch(lock, clock, lock_lost)):
            task = asyncio.create_task(work, context=contextvars.Context())
            stack.push_async_callback(_cancelled, task)
        yield Gateway(
            settings=settings,
            services=services,
            first_admin=first_admin,
            metrics=(*auth.metrics, *inbox.metrics, *dispatcher.metrics, *upkeep.metrics, *bulk_runner.metrics),
            lock_lost=lock_lost,
        )


def _hook_url(settings: Settings, instance: Instance) -> str | None:
    if settings.base_url is None:
        return None
    return f"{settings.base_url.rstrip('/')}/hooks/{instance.provider.value}/{instance.id}"


async def _restore(lifecycle: Lifecycle) -> None:
    try:
        await lifecycle.restore()
    except GatewayError as error:
        log.error("restore_failed", code=error.code, reason=error.sentence)
    except Exception:
        log.exception("restore_crashed")


async def _watch(lock: ProcessLock, clock: Clock, lost: asyncio.Event) -> None:
    """Two gateways on one database would open every session twice: notice when the lock is another's, and stop."""
    while True:
        await clock.sleep(LOCK_CHECK_SECONDS)
        try:
            await lock.check()
        except Conflict:
            log.error("process_lock_lost")
            lost.set()
            return
        except GatewayError as error:
            log.warning("process_lock_unknown", code=error.code)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
