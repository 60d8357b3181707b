"""Taking secrets out of what is about to be logged: by the name of a field and by the look of a text.

Both are needed: a field called `password` may hold anything, and a Telegram bot token may stand in the middle of a
URL inside a traceback. It is the last line of defence, not a licence to log secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MASK = "***"
_DEEPEST = 8

_SECRET_KEY = re.compile(
    r"passw|passphrase|secret|token|apikey|authorization|cookie|credential|privatekey|encryptionkey|instancekey"
    r"|databaseurl|dsn$|^jwt$|^bearer$|^qr$|qrcode|pairingcode|^otp$|^pin$|signingkey|signature$"
)
# Names that only sound like a secret. Numbers and booleans are never masked, so counters such as `tokens_used` survive.
_HARMLESS_KEY = frozenset({"tokentype", "tokenversion", "secretrotatedat", "authorizationurl", "passwordchangedat"})

_SECRET_TEXT = re.compile(
    r"""
      (?P<own>gwi?_)[A-Za-z0-9_\-]{16,}                                # our API keys and instance keys
    | (?<![0-9])[0-9]{6,}(?::|%3[Aa])[A-Za-z0-9_\-]{30,}               # Telegram bot token, in URLs too
    | eyJ[A-Za-z0-9_\-]{6,500}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)?  # JWT
    | (?P<hook>whsec_)[A-Za-z0-9+/=_\-]{8,}                            # webhook secret
    | (?P<slack>x(?:ox[a-z]|app)-)[A-Za-z0-9\-]{8,}                    # Slack
    | EAA[A-Za-z0-9]{20,}                                              # Meta Graph
    | [MNO][A-Za-z0-9_\-]{23,28}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,}  # Discord
    | (?P<hash>\$argon2i?d?\$)[^\s"']+                                 # password hash
    | (?P<bearer>\b(?:[Bb]earer|BEARER)\s+)[A-Za-z0-9._~+/=:\-]{8,}
    | (?P<basic>\bBasic\s+)[A-Za-z0-9+/]{12,}={0,2}
    | (?P<user>://[^\s/@:]*:)[^\s/@]+(?=@)                             # password in a URL
    | (?P<query>[?&](?i:access_token|token|api_?key|key|secret|password|sig(?:nature)?)=)[^&\s"']+
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----[\s\S]*?(?:-----END[^-]*-----|\Z)
    | (?P<pair>(?i:passw(?:or)?d|secret|token|api[_-]?key|authorization|cookie|credential)s?["']?\s*[=:]\s*b?["'])[^"']+
    """,
    re.VERBOSE,
)
# No alternative above can match a text that holds none of these; looking for them costs a tenth of the expression.
_HINTS = (
    "gw",
    "eyJ",
    "whsec_",
    "xox",
    "xapp-",
    "EAA",
    "$argon2",
    "earer",
    "EARER",
    "Basic",
    "://",
    "?",
    "&",
    "-----",
    "'",
    '"',
)
_HINT_RUN = re.compile(r"[0-9]{6}|[MNO][A-Za-z0-9_\-]{23}")


def redact_text(text: str) -> str:
    """`text` with every secret-looking part masked; the same object when there is none."""
    if len(text) < 10:
        return text
    for hint in _HINTS:
        if hint in text:
            return _SECRET_TEXT.sub(_mask, text)
    return text if _HINT_RUN.search(text) is None else _SECRET_TEXT.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    return (match[match.lastgroup] if match.lastgroup else "") + MASK


@lru_cache(maxsize=2048)  # field names are few; a cap, since some come from outside
def is_secret_key(key: str) -> bool:
    """Whether a field of this name is masked whatever it holds. Case, `_` and `-` do not matter."""
    plain = key.lower().replace("_", "").replace("-", "")
    return plain not in _HARMLESS_KEY and _SECRET_KEY.search(plain) is not None


def redact(value: Any, depth: int = 0) -> Any:
    """`value` fit to be logged: containers are walked (to a depth of 8), texts are scanned, other objects become
    their scanned `repr`. Numbers, booleans and None pass as they are.
    """
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth >= _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {_key(key): redact_field(key, item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item, depth + 1) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    try:
        return redact_text(str(value) if isinstance(value, BaseException) else repr(value))
    except Exception as problem:  # noqa: BLE001 - a log line must not fail on a stranger's broken repr
        return f"<{type(value).__name__}, unprintable: {type(problem).__name__}>"


def redact_field(key: object, value: Any, depth: int = 0) -> Any:
    """`value` as it may stand under the name `key`."""
    harmless = value is None or isinstance(value, (bool, int, float))
    if isinstance(key, str) and not harmless and is_secret_key(key):
        return MASK
    return redact(value, depth)


def _key(key: object) -> str:
    return redact_text(key if isinstance(key, str) else str(key))
