"""What a file really is, read from its bytes rather than believed from a header or a name."""

from __future__ import annotations

import mimetypes

import puremagic

_UNKNOWN = "application/octet-stream"


def sniff_mime_type(data: bytes, *, file_name: str | None = None, claimed: str | None = None) -> str:
    """The MIME type of `data` by its magic bytes; where those say nothing, by name, then as claimed.

    A claim never overrules the bytes: an HTML page called `cat.jpg` is not an image.
    """
    try:
        found = puremagic.from_string(data[:65536], mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    if found:
        return found
    guessed = mimetypes.guess_type(file_name)[0] if file_name else None
    for candidate in (guessed, (claimed or "").partition(";")[0].strip().lower()):
        # Formats with magic bytes would have shown them; only formats without any may be taken on trust.
        if candidate and candidate.partition("/")[0] in {"text", "application"}:
            return candidate
    return _UNKNOWN
