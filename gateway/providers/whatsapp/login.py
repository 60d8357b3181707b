"""Linking a device, as the session sees it: codes to show, each with its end, until a phone scanned or nobody did."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from gateway.domain.errors import NetworkUnreachable
from gateway.domain.instances import LoginCode
from gateway.kit.clock import Clock
from gateway.providers.contract import BadCredentials, Interrupted, LoginExpired, Report
from gateway.providers.whatsapp.pairing.desk import OpenPairing
from gateway.providers.whatsapp.pairing.protocol import Failed, Linked, Scan

FIRST_CODE: Final = 60.0
NEXT_CODE: Final = 20.0
"""Seconds whatsmeow shows the first QR code and each one after it."""
CODES: Final = 6
GRACE: Final = 15.0
"""Seconds after the last code's end in which a phone that scanned it may still finish."""
SHOWN_WITHIN: Final = 30.0
"""Seconds the first code may take, the start of the pairing process included."""

_ENDINGS: Final = {
    "timeout": "Nobody scanned the code in time.",
    "err-scanned-without-multidevice": "The phone that scanned the code does not support linked devices.",
    "err-unexpected-state": "WhatsApp ended the pairing unexpectedly.",
}


class Login:
    """One attempt to link a device."""

    def __init__(self, report: Report, clock: Clock, *, phone: str | None) -> None:
        self._report = report
        self._clock = clock
        self._phone = phone
        self._pairing: OpenPairing | None = None
        self._shown = asyncio.Event()
        self._typed: LoginCode | None = None
        self._ends_at = clock.now()

    async def run(self, pairing: OpenPairing) -> None:
        """Show codes until the device is linked. Raises LoginExpired, BadCredentials or Interrupted."""
        self._pairing = pairing
        count, patience = 0, SHOWN_WITHIN
        while True:
            try:
                async with asyncio.timeout(patience):
                    news = await pairing.next()
            except TimeoutError:
                if count == 0:
                    raise Interrupted("no_code", "WhatsApp gave no code to scan.") from None
                news = Failed(id=pairing.id, reason="timeout")
            match news:
                case Linked():
                    return
                case Failed(reason=reason):
                    raise _ending(reason)
                case Scan(qr_code=text):
                    count += 1
                    patience = FIRST_CODE if count == 1 else NEXT_CODE
                    await self._show(text, count, patience)
                    patience += GRACE

    async def pairing_code(self, phone: str) -> LoginCode:
        """The code to type on that phone; it is shown from now on. Raises NetworkRefused or NetworkUnreachable."""
        try:
            async with asyncio.timeout(SHOWN_WITHIN):
                await self._shown.wait()
        except TimeoutError:
            raise NetworkUnreachable("WhatsApp gave no code; try again.", maybe_sent=False) from None
        assert self._pairing is not None
        code = await self._pairing.give_code(phone)
        # WhatsApp takes it for as long as the connection that asked for it shows QR codes.
        self._typed = LoginCode(pairing_code=code, expires_at=self._ends_at)
        self._report.login_required(self._typed)
        return self._typed

    async def _show(self, text: str, count: int, good_for: float) -> None:
        now = self._clock.now()
        if count == 1:
            self._ends_at = now + timedelta(seconds=FIRST_CODE + (CODES - 1) * NEXT_CODE)
            self._shown.set()
        if self._typed is None:
            self._report.login_required(LoginCode(qr_code=text, expires_at=now + timedelta(seconds=good_for)))
        if count == 1 and self._phone is not None:
            try:
                await self.pairing_code(self._phone)
            except Exception as error:  # noqa: BLE001 - the QR code is still good; why there is no other is told
                self._report.note(f"No pairing code: {error}", "warning")


def _ending(reason: str) -> Exception:
    if reason == "err-client-outdated":
        return outdated()
    if "passkey" in reason:
        return passkey()
    if reason == "timeout":
        return LoginExpired("login_expired", "Nobody logged in while the codes were good; ask for a new code.")
    return Interrupted("pairing_failed", _ENDINGS.get(reason, f"The pairing failed ({reason})."))


def outdated() -> BadCredentials:
    """WhatsApp does not talk to this version of the library any more."""
    return BadCredentials(
        "client_outdated",
        "WhatsApp no longer accepts this version of the WhatsApp library; upgrade the gateway (or neonize alone) and"
        " start it again. Linked devices stay linked.",
    )


def passkey() -> BadCredentials:
    """The account is protected by something only its owner's own browser can answer."""
    return BadCredentials(
        "passkey_required",
        "WhatsApp asks this account for a passkey, which can only be answered on the owner's own devices. Link with a"
        " QR code from the phone that holds the account, or turn the passkey off in WhatsApp's settings (Account,"
        " Passkeys), and ask for a new code.",
    )
