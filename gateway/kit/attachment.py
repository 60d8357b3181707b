"""A stranger's file as an HTTP answer: saved under its name, never shown as a page of ours."""

from __future__ import annotations

import re
from urllib.parse import quote

_MIME_TYPE = re.compile(r"[A-Za-z0-9.+\-]{1,64}/[A-Za-z0-9.+\-]{1,128}")
UNKNOWN = "application/octet-stream"


def safe_mime_type(mime_type: str) -> str:
    """The same when it can stand in a header, else that of any file."""
    return mime_type if _MIME_TYPE.fullmatch(mime_type) else UNKNOWN


def attachment_headers(file_name: str) -> dict[str, str]:
    """Headers with which a browser neither guesses the type nor opens the file in our origin."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
