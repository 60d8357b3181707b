"""Users of the old system: their e-mail, names and role, and the API key that their programs go on using."""

from __future__ import annotations

from gateway.domain.ids import TenantId, UserId, new_id
from gateway.domain.tenants import Role, Tenant, User
from gateway.kit.clock import Clock
from gateway.kit.secrets import NewKey, PasswordHasher, digest, key_matches, key_prefix, new_api_key
from gateway.services.api_keys import key_of
from gateway.services.checks import normal_email
from gateway.services.credentials import SHORTEST_KEY
from gateway.services.importing.people import UserWriter, nobodys_password
from gateway.services.importing.report import USERS, Report
from gateway.services.importing.row import OddRow, OldRow
from gateway.services.multi_instance.file import SYSTEM, OldFile
from gateway.storage.storage import Storage

LONGEST_KEY = 512


class People:
    """Takes users over, in the caller's transaction. With `tenant_id` they all join that tenant."""

    def __init__(
        self, storage: Storage, hasher: PasswordHasher, clock: Clock, report: Report, tenant_id: TenantId | None
    ) -> None:
        self._storage = storage
        self._hasher = hasher
        self._now = clock.now()
        self._writer = UserWriter(storage, report, self._now)
        self._report = report
        self._joins = tenant_id
        self._emails: set[str] = set()

    async def take(self, file: OldFile) -> dict[str, User]:
        """Who each user of the file is here, by their id there."""
        # Their bcrypt hashes cannot be verified here, so each password is set anew by the operator.
        password_hash = await nobodys_password(self._hasher)
        users: dict[str, User] = {}
        async for row in file.rows(USERS):
            try:
                old_id = row.identifier("id")
                users[old_id] = await self._take(row, old_id, password_hash)
            except OddRow as odd:
                self._report.skip(USERS, row, odd.sentence)
        return users

    async def _take(self, row: OldRow, old_id: str, password_hash: str) -> User:
        email = normal_email(row.text("email"))
        if email is None:
            raise OddRow("email is no e-mail address.")
        if email in self._emails:
            raise OddRow("Another user of the file has the same e-mail; give one of them another and import again.")
        is_admin = row.flag("isAdmin", default=False)
        is_active = row.flag("isActive", default=True)
        self._emails.add(email)
        here = await self._storage.users.find(UserId(old_id))
        if here is not None:
            self._report.known[USERS] += 1
            return here
        found = await self._storage.users.find_login(email)
        if found is not None:
            self._report.known[USERS] += 1
            await self._add_key(row, found.user, is_admin=is_admin, is_active=is_active)
            return found.user
        user = User(
            id=UserId(old_id),
            tenant_id=self._joins or TenantId(new_id()),
            email=email,
            first_name=row.line("firstName"),
            last_name=row.line("lastName"),
            role=Role.ADMIN if is_admin else Role.MEMBER if self._joins else Role.OWNER,
            is_active=is_active,
            token_version=0,
            created_at=row.moment_or("createdAt", self._now),
            updated_at=row.moment_or("updatedAt", self._now),
        )
        key = await self._usable_key(row)
        if not self._joins:
            await self._storage.tenants.create(Tenant(id=user.tenant_id, name=email[:255], created_at=self._now))
        if key is None:
            self._report.note(
                USERS, row, f"its API key cannot be used here; `python -m gateway user rotate-key {email}` makes one."
            )
        await self._writer.add(user, key or new_api_key(), password_hash)
        self._report.new[USERS] += 1
        return user

    async def _add_key(self, row: OldRow, user: User, *, is_admin: bool, is_active: bool) -> None:
        """Somebody who was here before keeps everything; the old key opens the same door, as a further one."""
        if await self._holder_of(row.text("apiKey")) == user.id:
            return  # added by an earlier import
        if not is_active or (user.role is Role.ADMIN and not is_admin):
            why = "it was disabled there" if not is_active else "here they are an administrator, and were none there"
            self._report.note(USERS, row, f"is here as {user.email}; the old API key was not added, because {why}.")
            return
        key = await self._usable_key(row)
        if key is None:
            self._report.note(USERS, row, f"is here as {user.email}; the old API key cannot be used here.")
            return
        stored = key_of(user, key, name=SYSTEM, is_primary=False, now=self._now)
        await self._storage.api_keys.create(stored, key.digest)
        await self._writer.audit("api_key.created", stored.id)
        self._report.note(USERS, row, f"is here as {user.email}; the old API key works beside the present one.")

    async def _usable_key(self, row: OldRow) -> NewKey | None:
        """The key as it is looked up here: a bare UUID is found by the start of its digest."""
        text = row.text("apiKey")
        fits = SHORTEST_KEY <= len(text) <= LONGEST_KEY and text.isascii() and text.isprintable() and " " not in text
        if not fits or await self._holder_of(text) is not None:
            return None
        return NewKey(text, key_prefix(text), digest(text))

    async def _holder_of(self, key: str) -> UserId | None:
        for stored in await self._storage.api_keys.find_by_prefix(key_prefix(key)):
            if key_matches(key, stored.digest):
                return stored.key.user_id
        return None
