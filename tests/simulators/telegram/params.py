"""A Bot API request's parameters, whichever way they came: query, form, JSON or multipart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import BodyPartReader, web
from msgspec import Struct

from tests.simulators.telegram.refusals import Refusal, bad_request
from tests.simulators.telegram.wire import Wire

_FORM_OVERHEAD = 1024 * 1024


class Upload(Struct, frozen=True):
    """A file that came in the request itself."""

    name: str | None
    mime_type: str | None
    data: bytes


class Params:
    """Typed reading of parameters. Numbers, booleans and JSON may come as text, as in forms."""

    def __init__(self, values: Mapping[str, Any], uploads: Mapping[str, Upload] | None = None) -> None:
        self.values = dict(values)
        self.uploads = dict(uploads or {})

    def text(self, name: str) -> str | None:
        """A string; numbers are taken as their text; None when absent or empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; `default` when absent, empty or not a number, as Telegram reads them."""
        text = self.text(name)
        try:
            return int(text) if text is not None else default
        except ValueError:
            return default

    def number(self, name: str) -> float | None:
        """A number with a fraction; None when absent or not a number."""
        text = self.text(name)
        try:
            return float(text) if text is not None else None
        except ValueError:
            return None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean: true, yes and 1 in any case."""
        text = self.text(name)
        return default if text is None else text.lower() in ("true", "yes", "1")

    def json(self, name: str) -> Any:
        """A JSON value, parsed when it came as text; None when absent. Broken JSON is a 400."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise bad_request(f"can't parse {name} JSON object") from error

    def json_object(self, name: str) -> Wire | None:
        """A JSON object; anything else is a 400."""
        value = self.json(name)
        if value is not None and not isinstance(value, dict):
            raise bad_request(f"object expected as {name.replace('_', ' ')}")
        return value

    def json_list(self, name: str) -> list[Any] | None:
        """A JSON array; anything else is a 400."""
        value = self.json(name)
        if value is not None and not isinstance(value, list):
            raise bad_request(f"can't parse {name}: expected an Array")
        return value

    def json_objects(self, name: str) -> list[Wire] | None:
        """A JSON array of objects; anything else is a 400."""
        values = self.json_list(name)
        if values is not None and not all(isinstance(value, dict) for value in values):
            raise bad_request(f"can't parse {name}: expected an Object")
        return values


async def read_params(request: web.BaseRequest, upload_limit: int) -> Params:
    """Everything the request says. Raises 413 for a file over `upload_limit` bytes and 400 for broken JSON."""
    # Most requests have no query; parsing an empty one is what a busy simulator would spend its time on.
    values: Wire = dict(request.query) if request.rel_url.raw_query_string else {}
    if not request.body_exists:
        return Params(values)
    if request.content_type.startswith("multipart/"):
        return await _read_multipart(request, values, upload_limit)
    body = await read_body(request, upload_limit)
    if request.content_type == "application/json":
        try:
            given = msgspec.json.decode(body) if body else {}
        except msgspec.DecodeError as error:
            raise bad_request("can't parse JSON object") from error
        if not isinstance(given, dict):
            raise bad_request("object expected as request body")
        return Params(values | given)
    values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return Params(values)


async def _read_multipart(request: web.BaseRequest, values: Wire, upload_limit: int) -> Params:
    uploads: dict[str, Upload] = {}
    too_large = False
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise bad_request("can't parse request body")
        data = bytearray()
        # Read to the end even when it is too large: a client still writing would see a reset, not our 413.
        while chunk := await part.read_chunk(1 << 16):
            if len(data) <= upload_limit:
                data += chunk
        too_large = too_large or len(data) > upload_limit
        name = part.name or ""
        if part.filename is not None:
            uploads[name] = Upload(part.filename, part.headers.get("Content-Type"), bytes(data))
        else:
            values[name] = data.decode("utf-8", "replace")
    if too_large:
        raise Refusal(413, "Request Entity Too Large")
    return Params(values, uploads)


async def read_body(request: web.BaseRequest, upload_limit: int) -> bytes:
    """The whole body, read to its end in any case; 413 when it is over the limit."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        if len(body) <= upload_limit + _FORM_OVERHEAD:
            body += chunk
    if len(body) > upload_limit + _FORM_OVERHEAD:
        raise Refusal(413, "Request Entity Too Large")
    return bytes(body)
