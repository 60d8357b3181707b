"""The ways a request can end without an answer, in our words."""

from __future__ import annotations

import ssl
from typing import Final

import aiohttp
from yarl import URL

from gateway.kit.egress.policy import EgressError, EgressFailed, EgressRefused

ENDINGS: Final = (aiohttp.ClientError, OSError, ValueError)  # TimeoutError is an OSError


class NotAdmitted(OSError):
    """An `OSError`, because that is what the code between the socket and us knows how to carry."""


def unresolved(url: URL) -> EgressFailed:
    return EgressFailed("dns", f"{url.host} has no address; check the host name.")


def named(error: Exception, url: URL) -> EgressError:
    """Our word for an ending. Nothing of the original's text is kept: it may quote the whole URL."""
    host = url.host
    match error:
        case TimeoutError():
            return EgressFailed("timeout", f"{host} did not answer in time.")
        case aiohttp.ClientConnectorDNSError():
            return unresolved(url)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return EgressFailed("tls", f"No trusted TLS connection to {host}: {_tls_detail(error)}.")
        case aiohttp.ClientConnectorError(os_error=NotAdmitted()):
            return EgressRefused("address_refused", f"{host} is not a public address; use one the internet can reach.")
        case aiohttp.ClientConnectorError(os_error=ConnectionError() as lost) if _mid_handshake(url, lost):
            return EgressFailed("tls", f"{host} broke off the TLS handshake; it may not speak TLS 1.2 or newer.")
        case aiohttp.ClientConnectorError():
            return EgressFailed("connect", f"{host} refused the connection or cannot be reached.")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | aiohttp.ClientPayloadError():
            return EgressFailed("disconnected", f"{host} closed the connection before its answer was complete.")
        case aiohttp.InvalidURL():
            return EgressRefused("url_invalid", "The URL cannot be used; write it like https://example.com/hook.")
        case aiohttp.ClientError():
            return EgressFailed("protocol", f"{host} did not answer in valid HTTP.")
        case OSError():
            return EgressFailed("disconnected", f"The connection to {host} was lost.")
        case _:
            return EgressRefused("header_refused", "A header contains a character that cannot be sent.")


def _mid_handshake(url: URL, error: ConnectionError) -> bool:
    # Both come from the library's one "connect" step; only a refusal is certain to come before the handshake.
    return url.scheme == "https" and not isinstance(error, ConnectionRefusedError)


def _tls_detail(error: Exception) -> str:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    return str(getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or "handshake failed")
