"""The content of a poll."""

from __future__ import annotations

from tests.simulators.telegram.methods.registry import Call
from tests.simulators.telegram.refusals import bad_request
from tests.simulators.telegram.wire import Wire, without_nothing

_MIN_OPTIONS, _MAX_OPTIONS = 2, 12
_MAX_QUESTION, _MAX_OPTION = 300, 100


def poll_fragment(call: Call) -> Wire:
    """The `{"poll": ...}` of a sendPoll call, or Telegram's refusal."""
    params = call.params
    question = (params.text("question") or "").strip()
    if not question:
        raise bad_request("poll question must be non-empty")
    if len(question) > _MAX_QUESTION:
        raise bad_request(f"poll question length must not exceed {_MAX_QUESTION}")
    options = [one if isinstance(one, str) else str(one.get("text", "")) for one in params.json_list("options") or []]
    poll = new_poll(call.world.number(), question, options, anonymous=params.flag("is_anonymous", default=True))
    poll["type"] = params.text("type") or "regular"
    poll["allows_multiple_answers"] = params.flag("allows_multiple_answers")
    poll["is_closed"] = params.flag("is_closed")
    if poll["type"] == "quiz":
        right = params.json_list("correct_option_ids")
        if right is None and "correct_option_id" in params.values:
            right = [params.integer("correct_option_id", -1)]
        if not right or any(not 0 <= index < len(options) for index in right):
            raise bad_request("wrong correct option ID specified")
        poll |= {"correct_option_id": right[0], "correct_option_ids": right}
    return {"poll": poll | without_nothing(explanation=params.text("explanation"))}


def new_poll(number: int, question: str, options: list[str], *, anonymous: bool) -> Wire:
    """An open poll nobody has voted in. Refuses too few, too many, empty and overlong options."""
    if len(options) < _MIN_OPTIONS:
        raise bad_request(f"poll must have at least {_MIN_OPTIONS} option")
    if len(options) > _MAX_OPTIONS:
        raise bad_request(f"poll can't have more than {_MAX_OPTIONS} options")
    if any(not option.strip() for option in options):
        raise bad_request("poll options must be non-empty")
    if any(len(option) > _MAX_OPTION for option in options):
        raise bad_request(f"poll options length must not exceed {_MAX_OPTION}")
    return {
        "id": str(5_000_000_000_000_000 + number),
        "question": question,
        "options": [
            {"persistent_id": str(index), "text": text, "voter_count": 0} for index, text in enumerate(options)
        ],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": anonymous,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }
