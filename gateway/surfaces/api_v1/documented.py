"""What the OpenAPI document says about refusals and credentials of this surface, written once."""

from litestar.openapi.datastructures import ResponseSpec

from gateway.surfaces.api_v1.errors import ErrorBody

SECURITY: list[dict[str, list[str]]] = [{"BearerToken": []}, {"ApiKey": []}]
"""Either credential will do. The schemes themselves are part of the app's OpenAPI configuration."""

_WORDS = {
    400: "The request is wrong; `details` names the culprit.",
    401: "No valid credential.",
    403: "The credential is valid and lacks the right.",
    404: "There is no such thing for this caller.",
    409: "It clashes with the present state.",
    413: "The body is too large.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "Our fault.",
    501: "The instance's network has no notion of this.",
    502: "The messenger network refused this; repeating it unchanged will not help.",
    503: "Not right now: the instance is not connected, or `Retry-After` says when to come back.",
    504: "The messenger network, or the server behind a URL, did not answer.",
}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The `responses` of a route that may refuse with these statuses; 401, 429, 500 and 503 are always among them."""
    return {
        status: ResponseSpec(data_container=ErrorBody, description=_WORDS[status], generate_examples=False)
        for status in sorted({*statuses, 401, 429, 500, 503})
    }
