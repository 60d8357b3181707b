"""Checks that several use cases share: e-mails, one-line texts, who must be asking."""

from __future__ import annotations

import re

from gateway.domain.errors import Forbidden, InvalidInput
from gateway.domain.tenants import Principal

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f\ud800-\udfff]+@[^@\s\x00-\x1f\x7f\ud800-\udfff]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters; surrogates that no database takes

EMAIL_LONGEST = 320
"""Octets of a local part (64), the @ and a domain (255): RFC 3696, errata 1690."""


def normal_email(text: str) -> str | None:
    """An e-mail in the form we compare by: trimmed and case-folded; None when it is none."""
    email = text.strip().casefold()
    return email if len(email) <= EMAIL_LONGEST and _EMAIL.fullmatch(email) else None


def checked_email(text: str, field: str = "email") -> str:
    """The same for somebody who is to be stored. Raises InvalidInput."""
    email = normal_email(text)
    if email is None:
        raise InvalidInput("email must be an e-mail address of at most 320 characters", field=field)
    return email


def checked_line(text: str, field: str, *, longest: int = 255, required: bool = False) -> str:
    """A one-line text, trimmed. Raises InvalidInput naming `field`."""
    line = text.strip()
    if len(line) > longest:
        raise InvalidInput(f"{field} must have at most {longest} characters", field=field)
    if _UNPRINTABLE.search(line):
        raise InvalidInput(f"{field} must be one line without control characters", field=field)
    if required and not line:
        raise InvalidInput(f"{field} must not be empty", field=field)
    return line


def require_person(who: Principal) -> None:
    """Refuse an instance key: it speaks for an instance, not for a user."""
    if who.instance_id is not None:
        raise Forbidden("An instance key reaches only its own instance; use a login token or an API key.")


def require_admin(who: Principal) -> None:
    """Refuse everybody but an administrator of the deployment."""
    if not who.is_admin:
        raise Forbidden("Only an administrator of this gateway may do that.")
