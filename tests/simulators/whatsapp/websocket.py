"""The WebSocket of a connection, from the server's side (RFC 6455): frames in, payloads out."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from enum import IntEnum

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_FIN = 0x80
_NORMAL_CLOSURE = (1000).to_bytes(2, "big")


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


def accept_key(key: str) -> str:
    """The proof that the server read the client's `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


class WebSocket:
    """Takes the client's bytes apart and hands every payload on; answers pings and closings by itself."""

    def __init__(self, transport: asyncio.Transport, receive: Callable[[bytes], None]) -> None:
        self._transport = transport
        self._receive = receive
        self._buffer = bytearray()
        self.silent = False  # as if the other end of the cable had gone: nothing is answered, nothing breaks

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while (frame := self._next()) is not None:
            opcode, payload = frame
            if self.silent:
                continue
            if opcode <= Opcode.BINARY:
                self._receive(payload)
            elif opcode == Opcode.PING:
                self._write(Opcode.PONG, payload)
            elif opcode == Opcode.CLOSE:
                self._write(Opcode.CLOSE, payload[:2])
                self._transport.close()
                return

    def send(self, data: bytes) -> None:
        if not self.silent:
            self._write(Opcode.BINARY, data)

    def close(self) -> None:
        """Say goodbye, then hang up."""
        if not self._transport.is_closing():
            self._write(Opcode.CLOSE, _NORMAL_CLOSURE)
            self._transport.close()

    def abort(self) -> None:
        """Hang up in the middle of whatever was being said."""
        self._transport.abort()

    def _next(self) -> tuple[int, bytes] | None:
        """The next whole frame, unmasked; clients must mask what they send."""
        buffer = self._buffer
        if len(buffer) < 6:
            return None
        opcode, size, start = buffer[0] & 0x0F, buffer[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            if len(buffer) < 14:
                return None
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        end = start + 4 + size
        if len(buffer) < end:
            return None
        mask, masked = buffer[start : start + 4], buffer[start + 4 : end]
        del buffer[:end]
        if not size:
            return opcode, b""
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        return opcode, (int.from_bytes(masked, "big") ^ key).to_bytes(size, "big")

    def _write(self, opcode: Opcode, data: bytes) -> None:
        if self._transport.is_closing():
            return
        size = len(data)
        if size < 126:
            head = bytes((_FIN | opcode, size))
        elif size < 1 << 16:
            head = bytes((_FIN | opcode, 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((_FIN | opcode, 127)) + size.to_bytes(8, "big")
        self._transport.write(head + data)
