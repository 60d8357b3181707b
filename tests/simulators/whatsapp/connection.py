"""One client's connection: frames, the Noise handshake, then stanzas both ways."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.simulators.whatsapp.binary import DICTIONARY_VERSION, Node, decode, encode
from tests.simulators.whatsapp.jid import SERVER
from tests.simulators.whatsapp.noise import Identity, Responder, nonce
from tests.simulators.whatsapp.websocket import WebSocket

if TYPE_CHECKING:
    from tests.simulators.whatsapp.directory import Device
    from tests.simulators.whatsapp.pairing import Candidate
    from tests.simulators.whatsapp.world import World

_PROLOGUE = bytes((*b"WA", 6, DICTIONARY_VERSION))
_FRAME_HEADER = 3


class Switchboard(Protocol):
    """Where a connection's stanzas go."""

    def opened(self, connection: Connection, client_key: bytes, payload: Any) -> None:
        """The handshake is done; `payload` says whether to log in or to be linked."""

    def received(self, connection: Connection, node: Node) -> None: ...

    def closed(self, connection: Connection) -> None: ...


class Connection:
    """What a handler gets: whose it is, and how to answer."""

    def __init__(self, world: World, identity: Identity, switchboard: Switchboard, socket: WebSocket) -> None:
        self.device: Device | None = None
        self.candidate: Candidate | None = None  # a device that is not linked yet
        self.client_key = b""
        self._world = world
        self._identity = identity
        self._switchboard = switchboard
        self._socket = socket
        self._buffer = bytearray()
        self._responder: Responder | None = None
        self._helloed = False
        self._receiving: AESGCM | None = None
        self._sending: AESGCM | None = None
        self._received = self._sent = 0
        self._outgoing: list[bytes] = []
        self._closed = False

    # For handlers

    def require_device(self) -> Device:
        """The device that is logged in here; most stanzas make no sense before."""
        if self.device is None:
            raise LookupError("nobody is logged in on this connection")
        return self.device

    def send(self, node: Node) -> None:
        if self._closed:
            return
        assert self._sending is not None
        self._world.stats[f"sent {node.tag}"] += 1
        if self._world.tracing:
            self._world.log("->", self._name(), node)
        sealed = self._sending.encrypt(nonce(self._sent), encode(node), None)
        self._sent += 1
        self._write(sealed)

    def result(self, request: Node, children: list[Node] | None = None, **attrs: str) -> None:
        """Grant a request."""
        answer = {"from": request.get("to") or SERVER, "id": request.get("id"), "type": "result", **attrs}
        self.send(Node("iq", answer, children or None))

    def refuse(self, request: Node, code: int, text: str) -> None:
        """Deny a request with WhatsApp's number and word for the reason."""
        answer = {"from": request.get("to") or SERVER, "id": request.get("id"), "type": "error"}
        self.send(Node("iq", answer, [Node("error", {"code": str(code), "text": text})]))

    def close(self) -> None:
        """Send what is waiting and hang up."""
        self._flush()
        self._closed = True
        self._socket.close()

    def abort(self) -> None:
        """Break off at once; what is waiting is lost."""
        self._closed = True
        self._outgoing.clear()
        self._socket.abort()

    def silence(self) -> None:
        """Keep the line, answer nothing any more, not even pings."""
        self._socket.silent = True

    # For the tunnel

    def receive(self, data: bytes) -> None:
        """Bytes off the wire; whatever they contain must not stop the simulator."""
        self._buffer += data
        try:
            self._take_frames()
        except Exception as error:  # noqa: BLE001 - any broken client ends here, as it does at WhatsApp: disconnected
            self._world.fault("unreadable", f"{self._name()}: {error!r}")
            self.abort()

    def lost(self) -> None:
        self._closed = True
        self._switchboard.closed(self)

    def _take_frames(self) -> None:
        buffer = self._buffer
        if self._responder is None and self._receiving is None:
            if len(buffer) < len(_PROLOGUE):
                return
            if buffer[: len(_PROLOGUE)] != _PROLOGUE:
                raise ValueError(f"unknown prologue {bytes(buffer[:4])!r}")
            self._responder = Responder(self._identity, _PROLOGUE)
            del buffer[: len(_PROLOGUE)]
        while len(buffer) >= _FRAME_HEADER:
            end = _FRAME_HEADER + int.from_bytes(buffer[:_FRAME_HEADER], "big")
            if len(buffer) < end:
                return
            frame = bytes(buffer[_FRAME_HEADER:end])
            del buffer[:end]
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        if self._receiving is not None:
            node = decode(self._receiving.decrypt(nonce(self._received), frame, None))
            self._received += 1
            self._world.stats[f"received {node.tag}"] += 1
            if self._world.tracing:
                self._world.log("<-", self._name(), node)
            self._switchboard.received(self, node)
            return
        assert self._responder is not None
        if not self._helloed:
            self._helloed = True
            self._write(self._responder.hello(frame))
            return
        done = self._responder.finish(frame)
        self._responder = None
        self._receiving, self._sending = done.receiving, done.sending
        self.client_key = done.client_key
        self._switchboard.opened(self, done.client_key, done.payload)

    def _write(self, frame: bytes) -> None:
        """Frames of one turn of the event loop share a WebSocket message, as they do when WhatsApp is busy."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(len(frame).to_bytes(_FRAME_HEADER, "big"))
        self._outgoing.append(frame)

    def _flush(self) -> None:
        if self._outgoing:
            data = b"".join(self._outgoing)
            self._outgoing.clear()
            self._socket.send(data)

    def _name(self) -> str:
        return str(self.device.pn) if self.device is not None else "somebody"
