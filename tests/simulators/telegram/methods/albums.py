"""sendMediaGroup: several media shown as one album."""

from __future__ import annotations

from tests.simulators.telegram.methods.compose import caption_fragment, common_fragment, send
from tests.simulators.telegram.methods.media_input import media_from
from tests.simulators.telegram.methods.registry import Call, method
from tests.simulators.telegram.refusals import Refusal, bad_request
from tests.simulators.telegram.wire import Wire

_KINDS = frozenset({"photo", "video", "audio", "document"})


@method("sendMediaGroup")
async def send_media_group(call: Call) -> list[Wire]:
    """All or nothing: nothing is sent when one item is wrong."""
    items = call.params.json_objects("media") or []
    if not items:
        raise bad_request("there are no messages to send")
    if len(items) > 10:
        raise bad_request("too many messages to send as an album")
    kinds = {str(item.get("type")) for item in items}
    if not kinds <= _KINDS:
        raise bad_request("can't parse InputMedia: media type is not supported in albums")
    if len(kinds) > 1 and kinds & {"audio", "document"}:
        raise bad_request("documents and audio files can't be mixed with other media types in an album")
    chat = call.chat_to_write()
    shared = common_fragment(call, chat)
    contents = [await _item(call, index, item) for index, item in enumerate(items)]
    album = {"media_group_id": str(13_000_000_000_000_000 + call.world.number())} if len(items) > 1 else {}
    return [call.shown(send(call, chat, content | shared | album)) for content in contents]


async def _item(call: Call, index: int, item: Wire) -> Wire:
    try:
        caption = caption_fragment(item.get("caption"), item.get("parse_mode"), item.get("caption_entities"))
        return await media_from(call, str(item["type"]), item.get("media"), "", item) | caption
    except Refusal as refusal:
        why = refusal.description.removeprefix("Bad Request: ")
        raise bad_request(f'failed to send message #{index + 1} with the error message "{why}"') from refusal
