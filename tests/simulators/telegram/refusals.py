"""What Telegram says when it says no: a status, Telegram's own sentence, and sometimes parameters."""

from __future__ import annotations

from tests.simulators.telegram.wire import Wire


class Refusal(Exception):
    """One Bot API error answer. `code` is both the HTTP status and `error_code`."""

    def __init__(self, code: int, description: str, parameters: Wire | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def wire(self) -> Wire:
        """The JSON body Telegram sends with this refusal."""
        body: Wire = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(sentence: str, parameters: Wire | None = None) -> Refusal:
    """A 400 with Telegram's prefix."""
    return Refusal(400, f"Bad Request: {sentence}", parameters)


def forbidden(sentence: str) -> Refusal:
    """A 403 with Telegram's prefix."""
    return Refusal(403, f"Forbidden: {sentence}")


def unauthorized() -> Refusal:
    """Well-formed token, unknown or revoked bot."""
    return Refusal(401, "Unauthorized")


def not_found() -> Refusal:
    """No such path; also the answer to a token of the wrong form."""
    return Refusal(404, "Not Found")


def method_not_found() -> Refusal:
    """A known bot asked for a method that does not exist."""
    return Refusal(404, "Not Found: method not found")


def webhook_is_active() -> Refusal:
    """Long polling was tried while a webhook is set."""
    return Refusal(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )


def another_poller() -> Refusal:
    """A newer getUpdates call took over; this older one ends."""
    return Refusal(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )


def webhook_was_set() -> Refusal:
    """A poll was waiting when a webhook was set."""
    return Refusal(409, "Conflict: terminated by setWebhook request")
