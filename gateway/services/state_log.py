"""What a change of a session's state leaves in its history. A login code is a secret: what is kept of it is a mask."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.events import AcceptedEvent, SessionEvent, SessionLoginRequired
from gateway.domain.histories import StateChange
from gateway.domain.instances import LOGGED_OUT_HERE, SessionState, SessionStateKind
from gateway.kit.masks import masked

_ERRORS = frozenset(
    {
        SessionStateKind.FAILED,
        SessionStateKind.RECONNECTING,
        SessionStateKind.STALLED,
        SessionStateKind.RESTRICTED,
        SessionStateKind.LOGGED_OUT,
    }
)


def changes_of(accepted: Sequence[AcceptedEvent]) -> list[StateChange]:
    """A line for each change of state among events that were just committed."""
    return [_change_of(each, each.event) for each in accepted if isinstance(each.event, SessionEvent)]


def _change_of(accepted: AcceptedEvent, event: SessionEvent) -> StateChange:
    login = event if isinstance(event, SessionLoginRequired) else None
    code = (login.qr_code or login.pairing_code) if login else None
    return StateChange(
        tenant_id=accepted.tenant_id,
        instance_id=event.instance_id,
        state=event.state.kind,
        code=event.state.code,
        sentence=event.state.sentence,
        at=event.at,
        is_error=_is_error(event.state),
        login_mask=masked(code) if code else None,
        login_expires_at=login.expires_at if login else None,
    )


def _is_error(state: SessionState) -> bool:
    return state.kind in _ERRORS and state.sentence != LOGGED_OUT_HERE
