"""A file as multipart/form-data: read under the size limit, checked, and kept in no place that outlives the request."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from msgspec import Struct

from gateway.domain.errors import InvalidInput, TooLarge
from gateway.domain.messages import MediaKind, TextFormat
from gateway.surfaces.http import StrictRequest, services

MEBIBYTE = 1024 * 1024
_ENVELOPE = 64 * 1024
"""Bytes that the other fields and the boundaries may take."""
_IMAGES = frozenset({"jpg", "jpeg", "png", "gif", "webp"})
_VIDEOS = frozenset({"mp4", "mkv"})
_TRUE, _FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})
_UNFIT_FOR_A_NAME = re.compile(r"[\x00-\x1f\x7f]+")
E = TypeVar("E", MediaKind, TextFormat)


class Upload(Struct, frozen=True, kw_only=True):
    """What was uploaded, and what to do with it."""

    data: bytes
    file_name: str
    phone: str
    caption: str
    kind: MediaKind
    format: TextFormat
    reply_to: str | None
    silent: bool
    mentions: list[str]


class UploadRequest(StrictRequest):
    """A request whose body may be as large as MAX_UPLOAD_MB says."""

    cut: Exception | None = None
    """Why the body was not read to its end."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces. One that is too large, or breaks off, just ends, and `cut` says why.

        Raising here instead would pass through Litestar's parser, which then leaves its spooled files open.
        """
        megabytes = services(self).settings.max_upload_mb
        most = megabytes * MEBIBYTE + _ENVELOPE
        if (self.content_length or 0) > most:
            self.cut = too_large(megabytes)
            return
        size = 0
        async with aclosing(super().stream()) as pieces:
            try:
                async for piece in pieces:
                    size += len(piece)
                    if size > most:
                        self.cut = too_large(megabytes)
                        return
                    yield piece
            except HTTPException as broken:
                self.cut = broken

    async def whole_form(self) -> FormMultiDict:
        """The form, read to its end. Raises TooLarge, and InvalidInput for what is no form."""
        try:
            form = await self.form()
        except (HTTPException, UnicodeDecodeError, LookupError):
            problem = InvalidInput("The body is not valid multipart/form-data with UTF-8 texts")
            raise self.cut or problem from None
        if self.cut is not None:
            raise self.cut
        return form


async def read_upload(request: UploadRequest) -> Upload:
    """The form of a send-file. Raises InvalidInput and TooLarge."""
    form = await request.whole_form()
    # Litestar closes the files, spooled without a name, when the request has been answered.
    files = {name: value for name, value in form.multi_items() if isinstance(value, UploadFile)}
    if strange := set(files) - {"file"}:
        raise InvalidInput("Unexpected field", field=min(strange))
    if "file" not in files:
        raise InvalidInput("File is required", field="file")
    phone = (_text(form, "phone") or "").strip()
    if not phone:
        raise InvalidInput("Phone is required", field="phone")
    megabytes = services(request).settings.max_upload_mb
    data = await files["file"].read()
    if len(data) > megabytes * MEBIBYTE:
        raise too_large(megabytes)
    name = file_name_of(files["file"].filename)
    return Upload(
        data=data,
        file_name=name,
        phone=phone,
        caption=_text(form, "caption") or "",
        kind=_word(form, "type", MediaKind) or kind_by_extension(name),
        format=_word(form, "format", TextFormat) or TextFormat.PLAIN,
        reply_to=_text(form, "replyTo") or None,
        silent=_flag(form, "silent"),
        mentions=(_text(form, "mentions") or "").split(","),
    )


def too_large(megabytes: int) -> TooLarge:
    """The refusal of a file over the limit."""
    return TooLarge(f"The file is larger than {megabytes} MB.")


def file_name_of(given: str) -> str:
    """The name without folders and control characters; `file` where nothing but dots is left."""
    name = _UNFIT_FOR_A_NAME.sub("", re.split(r"[/\\]", given)[-1]).strip()[-255:]
    return name if name.strip(".") else "file"


def kind_by_extension(file_name: str) -> MediaKind:
    """How a file is shown when nobody says: as surface A always did, audio is a document."""
    extension = PurePath(file_name).suffix[1:].lower()
    if extension in _IMAGES:
        return MediaKind.IMAGE
    return MediaKind.VIDEO if extension in _VIDEOS else MediaKind.DOCUMENT


def _text(form: FormMultiDict, name: str) -> str | None:
    values = form.getall(name, [])
    if len(values) > 1:
        raise InvalidInput(f"{name} was given more than once", field=name)
    value = values[0] if values else None
    if isinstance(value, str) and "\0" in value:
        raise InvalidInput(f"{name} must not hold NUL characters", field=name)
    return value if isinstance(value, str) else None


def _word(form: FormMultiDict, name: str, kind: type[E]) -> E | None:
    text = _text(form, name)
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise InvalidInput(f"{name} must be one of {', '.join(kind)}", field=name) from None


def _flag(form: FormMultiDict, name: str) -> bool:
    word = (_text(form, name) or "").lower()
    if word not in _TRUE | _FALSE:
        raise InvalidInput(f"{name} must be true or false", field=name)
    return word in _TRUE


@dataclass
class UploadOperation(Operation):
    """Documents the form, which Litestar does not see because the handler reads it itself."""

    def __post_init__(self) -> None:
        def text(description: str) -> Schema:
            return Schema(type=OpenAPIType.STRING, description=description)

        form = Schema(
            type=OpenAPIType.OBJECT,
            required=["file", "phone"],
            properties={
                "file": Schema(
                    type=OpenAPIType.STRING,
                    content_media_type="application/octet-stream",
                    description="The file. Its name is what the recipient sees.",
                ),
                "phone": text("To whom: a phone number, a chat id, a group id or @username."),
                "caption": text("Words under it."),
                "type": Schema(
                    type=OpenAPIType.STRING,
                    enum=[kind.value for kind in MediaKind],
                    description="How to show it; default: by the extension of its name.",
                ),
                "format": Schema(
                    type=OpenAPIType.STRING,
                    enum=[each.value for each in TextFormat],
                    description="Markup in the caption.",
                ),
                "replyTo": text("Id of the message it answers."),
                "mentions": text("Who is named in the caption, comma separated."),
                "silent": Schema(type=OpenAPIType.BOOLEAN, description="Without a sound, where the network can."),
            },
        )
        self.request_body = RequestBody(content={"multipart/form-data": OpenAPIMediaType(schema=form)}, required=True)
