"""A file's reference becomes the message whatsmeow downloads it by."""

from __future__ import annotations

from typing import get_args

import pytest

from gateway.domain.errors import InvalidInput
from gateway.providers.whatsapp import download
from gateway.providers.whatsapp.inbound.unwrap import inside
from gateway.providers.whatsapp.media_ref import FileKind, MediaRef, decode_ref, encode_ref


def ref(kind: FileKind, **changed: object) -> MediaRef:
    given: dict[str, object] = {
        "direct_path": "/v/t62.7118-24/1.enc?ccb=11-4", "media_key": b"k" * 32, "file_enc_sha256": b"e" * 32,
        "file_sha256": b"s" * 32, "file_length": 1234,
    }  # fmt: skip
    return MediaRef(kind, **{**given, **changed})  # type: ignore[arg-type]  # a test's own table


@pytest.mark.parametrize("kind", get_args(FileKind))
def test_a_reference_brings_back_all_that_a_download_needs(kind: FileKind) -> None:
    message = download._message(decode_ref(encode_ref(ref(kind))))
    ((field, part),) = message.ListFields()
    assert field.name == f"{kind}Message"
    assert part.directPath == "/v/t62.7118-24/1.enc?ccb=11-4"
    assert f"https://mmg.whatsapp.net{part.directPath}" == part.URL
    assert (part.mediaKey, part.fileEncSHA256, part.fileSHA256) == (b"k" * 32, b"e" * 32, b"s" * 32)
    assert part.fileLength == 1234
    assert inside(message).field == f"{kind}Message"


def test_a_channels_file_has_no_key() -> None:
    message = download._message(ref("image", media_key=b""))
    assert message.imageMessage.mediaKey == b""


@pytest.mark.parametrize("text", ["", "!", "aGVsbG8", "kQ", "\u00fc", encode_ref(ref("image"))[:-8]])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_ref(text)
    assert refused.value.field == "ref"
