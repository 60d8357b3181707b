"""getFile, and the lookup behind the download path it gives out."""

from __future__ import annotations

from tests.simulators.telegram.methods.registry import Call, method
from tests.simulators.telegram.refusals import bad_request
from tests.simulators.telegram.wire import Wire


@method("getFile")
async def get_file(call: Call) -> Wire:
    """A path good for downloading, for files up to the download limit."""
    file_id = call.params.text("file_id")
    if file_id is None:
        raise bad_request("file_id not specified")
    stored = call.world.files.resolve(call.bot.id, file_id)
    if stored is None:
        raise bad_request("invalid file_id")
    if len(stored.data) > call.world.files.limits.download:
        raise bad_request("file is too big")
    call.bot.paths[stored.path] = stored
    return {
        "file_id": file_id,
        "file_unique_id": stored.unique_id,
        "file_size": len(stored.data),
        "file_path": stored.path,
    }
