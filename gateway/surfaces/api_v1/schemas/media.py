"""Wire format of a message's file."""

from typing import Annotated

from msgspec import Meta, Struct


class DownloadedReply(Struct, frozen=True, rename={"file_path": "filePath", "message_id": "messageId"}):
    """A file that the network still has."""

    file_path: Annotated[str, Meta(description="Path of this API that gives the file, with a credential.")]
    mimetype: str
    filename: str
    filesize: Annotated[int, Meta(description="Bytes.")]
    message_id: str
