"""A customer's webhook endpoint: takes what carries the signature of the raw body under SECRET, refuses the rest.

Prints its port, then one line of JSON for each request.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["SECRET"].encode()


class Endpoint(BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        right = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        genuine = hmac.compare_digest(right, self.headers.get("X-Webhook-Signature", ""))
        self.send_response(200 if genuine else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()
        print(json.dumps({"genuine": genuine, "body": json.loads(body)}), flush=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Nothing but the lines of JSON."""


with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
