"""An account that is protected by a passkey: the server asks the new device for it once its code was scanned.

Only the authenticator of the account's owner could answer; no answer is taken here. Source: whatsmeow's pair-passkey.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import time

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.jid import SERVER
from tests.simulators.whatsapp.node import Node


def demand_passkey(connection: Connection) -> None:
    """Ask a candidate for an assertion by the account's passkey."""
    options = {
        "challenge": base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="),
        "timeout": 60_000,
        "rpId": "whatsapp.com",
        "allowCredentials": [],
        "userVerification": "required",
    }
    attrs = {
        "from": SERVER,
        "id": secrets.token_hex(4),
        "type": "passkey_prologue_request",
        "t": str(int(time.time())),
    }
    connection.send(Node("notification", attrs, [Node("passkey_request_options", {}, json.dumps(options).encode())]))
