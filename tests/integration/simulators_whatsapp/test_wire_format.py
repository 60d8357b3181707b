"""Stanzas as bytes, the handshake and the WebSocket by themselves."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from neonize.proto.waWa6.WAWebProtobufsWa6_pb2 import ClientPayload, HandshakeMessage

from tests.simulators.whatsapp.binary import JID, Malformed, Node, decode, encode
from tests.simulators.whatsapp.curve import KeyPair, hkdf, verify
from tests.simulators.whatsapp.noise import Handshaken, Identity, Responder, nonce
from tests.simulators.whatsapp.tokens import read_tokens
from tests.simulators.whatsapp.websocket import WebSocket, accept_key

STANZAS = [
    Node("iq", {"to": JID(), "id": "12.34-5", "type": "result"}, [Node("ping")]),
    Node("message", {"from": JID("123", "lid", 5), "to": JID("1-2", "g.us")}, [Node("enc", {"v": "2"}, b"x" * 300)]),
    Node("a", {"hex": "ABCDEF01", "odd": "ABC", "digits": "0123456789-.", "word": "notification", "free": "zß €"}),
    Node("big", {}, [Node("item", {"n": str(number)}) for number in range(300)]),
    Node("huge", {}, bytes(1 << 20)),
    Node("word", {}, b"participant"),
    Node("nothing", {}, b""),
]


@pytest.mark.parametrize("stanza", STANZAS, ids=lambda stanza: stanza.tag)
def test_a_stanza_survives_the_way_over_the_wire(stanza: Node) -> None:
    assert repr(decode(encode(stanza))) == repr(stanza)
    assert repr(decode(b"\2" + zlib.compress(encode(stanza)[1:]))) == repr(stanza)


def test_attributes_without_a_value_are_not_sent() -> None:
    assert decode(encode(Node("a", {"none": None, "empty": "", "id": "1"}))).attrs == {"id": "1"}


def test_a_stanza_that_ends_too_early_is_refused() -> None:
    whole = encode(STANZAS[1])
    for end in range(1, len(whole)):
        with pytest.raises(Malformed):
            decode(whole[:end])


def test_the_dictionaries_are_those_of_the_library() -> None:
    tokens = read_tokens()
    assert (len(tokens.singles), [len(words) for words in tokens.doubles]) == (236, [256] * 4)
    assert len({*tokens.singles, *(word for words in tokens.doubles for word in words)}) == 236 + 4 * 256


def shake_hands(identity: Identity, prologue: bytes, believed: bytes) -> tuple[Handshaken, AESGCM, bytes]:
    """The client's side of the handshake; returns also its sending key and the server's key it was shown."""
    responder = Responder(identity, believed)
    own, static = KeyPair(), KeyPair()
    pattern = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
    state = {"hash": hashlib.sha256(pattern + prologue).digest(), "salt": pattern, "key": pattern}
    state["hash"] = hashlib.sha256(state["hash"] + own.public).digest()

    def mix(secret: bytes) -> None:
        state["salt"], state["key"] = (keys := hkdf(secret, 64, salt=state["salt"]))[:32], keys[32:]

    def decrypt(sealed: bytes) -> bytes:
        plain = AESGCM(state["key"]).decrypt(nonce(0), sealed, state["hash"])
        state["hash"] = hashlib.sha256(state["hash"] + sealed).digest()
        return plain

    def encrypt(plain: bytes, number: int) -> bytes:
        sealed = AESGCM(state["key"]).encrypt(nonce(number), plain, state["hash"])
        state["hash"] = hashlib.sha256(state["hash"] + sealed).digest()
        return sealed

    hello = HandshakeMessage()
    hello.clientHello.ephemeral = own.public
    answer = HandshakeMessage.FromString(responder.hello(hello.SerializeToString())).serverHello
    state["hash"] = hashlib.sha256(state["hash"] + answer.ephemeral).digest()
    mix(own.agree(answer.ephemeral))
    shown = decrypt(answer.static)
    mix(own.agree(shown))
    decrypt(answer.payload)
    finish = HandshakeMessage()
    finish.clientFinish.static = encrypt(static.public, 1)
    mix(static.agree(answer.ephemeral))
    finish.clientFinish.payload = encrypt(ClientPayload(username=491700000001).SerializeToString(), 0)
    done = responder.finish(finish.SerializeToString())
    assert done.client_key == static.public
    return done, AESGCM(hkdf(b"", 64, salt=state["salt"])[:32]), shown


def test_both_ends_of_a_handshake_hold_the_same_keys() -> None:
    identity = Identity()
    done, sending, shown = shake_hands(identity, b"WA\6\3", b"WA\6\3")
    assert shown == identity.static.public
    assert done.payload.username == 491700000001
    assert done.receiving.decrypt(nonce(0), sending.encrypt(nonce(0), b"hello", None), None) == b"hello"


def test_a_handshake_about_another_protocol_fails() -> None:
    with pytest.raises(InvalidTag):
        shake_hands(Identity(), b"WA\6\3", b"WA\6\2")


def test_signatures_prove_their_author() -> None:
    for _ in range(8):  # half of all keys have an image of the other sign
        key, other = KeyPair(), KeyPair()
        signature = key.sign(b"message")
        assert verify(key.public, b"message", signature)
        assert not verify(key.public, b"another", signature)
        assert not verify(other.public, b"message", signature)
        assert not verify(key.public, b"message", bytes(64))


class Wire:
    """Takes what a WebSocket writes."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def masked(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    head = bytes((0x80 | opcode, 0x80 | (size if size < 126 else 126 if size < 65536 else 127)))
    if size >= 126:
        head += size.to_bytes(2 if size < 65536 else 8, "big")
    mask = b"\1\2\3\4"
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


@pytest.mark.parametrize("size", [0, 5, 125, 126, 300, 70_000])
def test_a_websocket_gives_out_what_was_masked_however_it_is_cut(size: int) -> None:
    got: list[bytes] = []
    socket = WebSocket(Wire(), got.append)  # type: ignore[arg-type]  # the three methods it needs are there
    payload = bytes(range(256)) * (size // 256 + 1)
    stream = masked(2, payload[:size]) * 2
    for start in range(0, len(stream), 4097):
        socket.feed(stream[start : start + 4097])
    assert got == [payload[:size]] * 2


def test_a_websocket_answers_pings_and_says_goodbye_unless_it_is_silent() -> None:
    wire = Wire()
    socket = WebSocket(wire, lambda _: None)  # type: ignore[arg-type]  # the three methods it needs are there
    socket.feed(masked(9, b"ping"))
    assert wire.written == b"\x8a\4ping"
    socket.silent = True
    socket.feed(masked(9, b"ping") + masked(8, b"\x03\xe8"))
    socket.send(b"unsaid")
    assert (wire.written, wire.closed) == (b"\x8a\4ping", False)
    socket.silent = False
    socket.feed(masked(8, b"\x03\xe8"))
    assert wire.closed


def test_the_websocket_proof_is_the_one_of_the_standard() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
