"""What a customer may ask us to send, and where: the rules of egress, without any I/O.

    EgressError
    ├── EgressRefused   we will not do this; repeating it unchanged never helps
    └── EgressFailed    we tried and it did not work; `reason` says how

Neither ever carries more of a URL than its host: paths and queries of webhook URLs are often secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct
from yarl import URL

from gateway.kit.addresses import Address, Network, may_reach, parse_address, parse_networks

MAX_URL_LENGTH: Final = 2048
MAX_USER_HEADERS: Final = 32
MAX_USER_HEADER_VALUE: Final = 2048

RefusalCode = Literal[
    "url_invalid",
    "url_too_long",
    "url_scheme",
    "url_userinfo",
    "url_host",
    "url_port",
    "address_refused",
    "header_refused",
]

FailureReason = Literal[
    "dns",  # the host has no address
    "connect",  # nobody listens there, or the network says no
    "tls",  # the certificate or the handshake
    "timeout",
    "disconnected",  # the connection was lost before the answer was whole
    "protocol",  # the answer is not HTTP we can use
    "too_large",  # the file is over the caller's limit
    "redirects",  # more hops than the caller allows
    "status",  # a file was asked for and the answer was not 200; see `status`
]


class EgressError(Exception):
    """Base of both endings; `sentence` is fit to show to the customer who chose the URL."""

    @property
    def sentence(self) -> str:
        """What happened and what to do next."""
        return str(self.args[0])


class EgressRefused(EgressError):
    """The policy forbids it. Nothing was sent."""

    def __init__(self, code: RefusalCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code: RefusalCode = code

    def __reduce__(self) -> tuple[type[EgressRefused], tuple[RefusalCode, str]]:
        return type(self), (self.code, self.sentence)


class EgressFailed(EgressError):
    """It was attempted and did not succeed. The other side may or may not have seen the request."""

    def __init__(self, reason: FailureReason, sentence: str, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.reason: FailureReason = reason
        self.status = status


class EgressPolicy(Struct, frozen=True):
    """Where customers' URLs may lead in this deployment. The default is the public internet over https."""

    allow: tuple[Network, ...] = ()
    """Ranges opened although they are not public (development, tests, a receiver in the own network)."""

    allow_http: bool = False
    """Whether plain `http://` is accepted besides `https://`."""

    @classmethod
    def opened(cls, ranges: str, *, allow_http: bool = False) -> EgressPolicy:
        """The policy for a setting such as `127.0.0.0/8,::1`; raises `ValueError` naming what is no range."""
        return cls(allow=parse_networks(ranges), allow_http=allow_http)

    def admits(self, address: str | Address) -> bool:
        """Whether this very address may be connected to. A text that is not a canonical address may not."""
        parsed = parse_address(address) if isinstance(address, str) else address
        return parsed is not None and may_reach(parsed, self.allow)


_HOST_NAME = re.compile(
    r"(?=.{1,254}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?\Z"
)
_ENDS_IN_NUMBER = re.compile(r"(?:\A|\.)(?:[0-9]+|0x[0-9a-f]*)\.?\Z")
# The parser forgets an empty user name ("https://@example.com"); other programs may not.
_USERINFO = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*@")
# "[v1.name]" is an address of a kind nobody has defined; the parser takes it for a host name.
_ODD_BRACKETS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//\[[^\]:]*\]")
_UNWANTED = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")


def check_url(text: str, policy: EgressPolicy, *, base: URL | None = None) -> URL:
    """The URL as it will be used, parsed once: send to this object, never to the text again.

    `base` makes it a redirect's `Location`, which may be relative. An address in the URL is checked here; a
    name has still to be resolved (`Egress` does so when it connects). Raises `EgressRefused`.
    """
    if len(text) > MAX_URL_LENGTH:
        raise EgressRefused("url_too_long", f"The URL is longer than {MAX_URL_LENGTH} characters; use a shorter one.")
    if _UNWANTED.search(text):
        # The parser drops tabs and line breaks silently, and programs disagree about where a backslash ends a host.
        raise EgressRefused("url_invalid", "The URL contains a space, a backslash or a control character; encode it.")
    try:
        url = URL(text) if base is None else base.join(URL(text))
    except ValueError:
        raise EgressRefused(
            "url_invalid", "The URL cannot be read; write it like https://example.com/hook, with a port of 1 to 65535."
        ) from None
    schemes = ("https", "http") if policy.allow_http else ("https",)
    if url.scheme not in schemes:
        raise EgressRefused("url_scheme", f"The URL has to begin with {' or '.join(f'{s}://' for s in schemes)}.")
    if _USERINFO.match(text) or url.raw_user is not None or url.raw_password is not None:
        raise EgressRefused("url_userinfo", "The URL carries a user name or password; send credentials as a header.")
    if not url.port:
        raise EgressRefused("url_port", "The URL's port has to be between 1 and 65535.")
    _check_host("" if _ODD_BRACKETS.match(text) else url.raw_host or "", policy)
    return url.with_fragment(None)


def _check_host(host: str, policy: EgressPolicy) -> None:
    address = parse_address(host)
    if address is not None:
        if not policy.admits(address):
            raise EgressRefused("address_refused", f"{host} is not a public address; use one the internet can reach.")
    elif not _HOST_NAME.match(host):
        raise EgressRefused("url_host", "The URL has no usable host name; write it like https://example.com/hook.")
    elif _ENDS_IN_NUMBER.search(host):
        # 2130706433, 127.1 and 0x7f.1 are 127.0.0.1 to the C library, and no public name ends in a number.
        raise EgressRefused("url_host", "Write the URL's address as four decimal numbers, like 203.0.113.7.")


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\Z")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*\Z")
_RESERVED = frozenset(
    {
        "accept-encoding",
        "connection",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-webhook-signature",
    }
)
_RESERVED_PREFIXES = ("content-", "proxy-", "webhook-")


def check_user_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The extra headers a customer wants on our requests, or `EgressRefused` naming the first that may not be set.

    Refused: what frames or routes the request (`Host`, `Content-*`, `Connection`, ...), what carries our
    signature (`webhook-*`, `X-Webhook-Signature`), and anything that could end a line.
    """
    if len(headers) > MAX_USER_HEADERS:
        raise EgressRefused("header_refused", f"At most {MAX_USER_HEADERS} extra headers can be set.")
    seen: set[str] = set()
    for name, value in headers.items():
        lowered = name.lower()
        if not _HEADER_NAME.match(name):
            raise EgressRefused("header_refused", "A header name may hold letters, digits and hyphens only.")
        if lowered in _RESERVED or lowered.startswith(_RESERVED_PREFIXES):
            raise EgressRefused("header_refused", f"The header {name} is set by the gateway and cannot be overridden.")
        if lowered in seen:
            raise EgressRefused("header_refused", f"The header {name} is given twice.")
        if len(value) > MAX_USER_HEADER_VALUE or not _HEADER_VALUE.match(value):
            raise EgressRefused(
                "header_refused",
                f"The value of {name} has to be printable ASCII of at most {MAX_USER_HEADER_VALUE} characters.",
            )
        seen.add(lowered)
    return dict(headers)
