r"""One session's life: open, run, classify the ending, pause, again.

starting -> connected <-> reconnecting, stalled, restricted
|  \-> login_required -> connected
\-> failed | logged_out | stopped      (only a person brings it back)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from gateway.domain.events import (
    SessionConnected,
    SessionDisconnected,
    SessionEvent,
    SessionLoginRequired,
    SessionRestricted,
    SessionStalled,
    SessionStarting,
)
from gateway.domain.instances import Instance, LoginCode, SessionState, SessionStateKind
from gateway.kit.backoff import Backoff
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.providers.contract import (
    BadCredentials,
    Interrupted,
    LoggedOut,
    LoginExpired,
    NotLoggedIn,
    Report,
    Restricted,
    Session,
)
from gateway.sessions.journal import Journal

log = get_logger(__name__)

OpenSession = Callable[[Report], Session]
Tell = Callable[[SessionEvent], None]

_FLOWING = frozenset({SessionStateKind.CONNECTED, SessionStateKind.RESTRICTED})

STABLE_AFTER = 60.0
"""Seconds a session has to hold before its next loss counts as the first again."""


class Runner:
    """Runs one instance's session until it is cancelled or ends for good. It is the session's `Report`.

    `tell` is called with every change of state, in order; it must not block.
    """

    def __init__(
        self,
        instance: Instance,
        open_session: OpenSession,
        tell: Tell,
        clock: Clock,
        journal: Journal,
        backoff: Backoff,
    ) -> None:
        self.instance = instance
        self.journal = journal
        self.session: Session | None = None
        self.login_code: LoginCode | None = None
        self.restarts = 0
        self.settled = asyncio.Event()
        """Set once the session is no longer starting."""
        self._open_session = open_session
        self._tell = tell
        self._clock = clock
        self._backoff = backoff
        self._connected_at: float | None = None
        self._shut_out = False
        self.state = self._make_state(SessionStateKind.STARTING, "starting", "The session is being opened.")

    @property
    def flows(self) -> bool:
        """Whether messages flow: connected, or restricted by a network that still takes some of them."""
        return self.session is not None and self.state.kind in _FLOWING and not self._shut_out

    async def run(self) -> None:
        """Live. Returns when the session ended for good; a cancellation passes through."""
        self._enter_starting()
        while True:
            retry_after = await self._run_once()
            if self.state.kind.is_final:
                return
            if self._connected_at is not None and self._clock.monotonic() - self._connected_at >= STABLE_AFTER:
                self._backoff.reset()
            self._connected_at = None
            pause = self._backoff.next() if retry_after is None else retry_after
            self.restarts += 1
            log.info("session_lost", reason=self.state.code, retry_in=round(pause, 1))
            self.journal.note(f"Trying again in {pause:.0f} s.")
            await self._clock.sleep(pause)

    async def _run_once(self) -> float | None:
        try:
            self.session = self._open_session(self)
            await self.session.run()
        except LoggedOut as end:
            self._lost(SessionStateKind.LOGGED_OUT, end.code, end.sentence)
        except BadCredentials as end:
            self._lost(SessionStateKind.FAILED, end.code, end.sentence)
        except LoginExpired as end:
            self._lost(SessionStateKind.STOPPED, end.code, end.sentence)
        except Restricted as end:
            self._shut_out = True  # also while the next session opens, until that one says otherwise
            self._restrict(end.code, end.sentence, end.until)
            return end.retry_after
        except NotLoggedIn as end:
            self._start_over(end.code, end.sentence)
            return end.retry_after
        except Interrupted as end:
            self._lost(SessionStateKind.RECONNECTING, end.code, end.sentence)
            return end.retry_after
        except Exception as error:
            # A bug or an outage without a name: this session starts over, the others never notice.
            log.exception("session_crashed")
            self._lost(
                SessionStateKind.RECONNECTING,
                "session_error",
                f"The session broke unexpectedly ({type(error).__name__}); it is being opened again.",
            )
        else:
            self._lost(SessionStateKind.STOPPED, "stopped", "The session ended.")
        finally:
            self.session = None
        return None

    # -- Report --------------------------------------------------------------------------------------------------

    def connected(self, sentence: str = "Connected.") -> None:
        if self.state.kind is SessionStateKind.CONNECTED:
            return
        self._connected_at = self._clock.monotonic()
        self._shut_out = False
        self.login_code = None
        state = self._change(SessionStateKind.CONNECTED, "connected", sentence)
        self._tell(SessionConnected(instance_id=self.instance.id, at=state.at, state=state))

    def trouble(self, code: str, sentence: str) -> None:
        self._lost(SessionStateKind.RECONNECTING, code, sentence)

    def stalled(self, sentence: str) -> None:
        if self.state.kind is SessionStateKind.STALLED:
            return
        state = self._change(SessionStateKind.STALLED, "stalled", sentence)
        self._tell(SessionStalled(instance_id=self.instance.id, at=state.at, state=state))

    def restricted(self, code: str, sentence: str, *, until: datetime | None = None) -> None:
        self._shut_out = False
        self._restrict(code, sentence, until)

    def login_required(self, login: LoginCode) -> None:
        if self.state.kind is SessionStateKind.LOGIN_REQUIRED and login == self.login_code:
            return
        self.login_code = login
        state = self._change(SessionStateKind.LOGIN_REQUIRED, "login_required", "A person has to log in.")
        self._tell(
            SessionLoginRequired(
                instance_id=self.instance.id,
                at=state.at,
                state=state,
                qr_code=login.qr_code,
                pairing_code=login.pairing_code,
                expires_at=login.expires_at,
            )
        )

    def note(self, text: str, level: str = "info") -> None:
        self.journal.note(text, level)

    # -- states --------------------------------------------------------------------------------------------------

    def _enter_starting(self) -> None:
        self._start_over("starting", "The session is being opened.")

    def _start_over(self, code: str, sentence: str) -> None:
        self.login_code = None
        state = self._change(SessionStateKind.STARTING, code, sentence)
        self._tell(SessionStarting(instance_id=self.instance.id, at=state.at, state=state))

    def _lost(self, kind: SessionStateKind, code: str, sentence: str) -> None:
        if (self.state.kind, self.state.code) == (kind, code):
            return
        self.login_code = None
        state = self._change(kind, code, sentence)
        self._tell(
            SessionDisconnected(
                instance_id=self.instance.id, at=state.at, state=state, reason=code, will_reconnect=not kind.is_final
            )
        )

    def _restrict(self, code: str, sentence: str, until: datetime | None) -> None:
        now = self.state
        if (now.kind, now.code, now.until) == (SessionStateKind.RESTRICTED, code, until):
            return
        self.login_code = None
        state = self._change(SessionStateKind.RESTRICTED, code, sentence, until)
        self._tell(SessionRestricted(instance_id=self.instance.id, at=state.at, state=state))

    def _change(self, kind: SessionStateKind, code: str, sentence: str, until: datetime | None = None) -> SessionState:
        self.state = self._make_state(kind, code, sentence, until)
        if kind is not SessionStateKind.STARTING:
            self.settled.set()
        self.journal.state(self.state)
        log.info("session_state", state=kind.value, code=code)
        return self.state

    def _make_state(
        self, kind: SessionStateKind, code: str, sentence: str, until: datetime | None = None
    ) -> SessionState:
        return SessionState(kind=kind, code=code, sentence=sentence, at=self._clock.now(), until=until)
