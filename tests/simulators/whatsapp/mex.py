"""GraphQL over stanzas (`w:mex`): a request names a stored document by number and carries its variables as JSON.

Features register the documents they answer. A refusal inside a document is told as GraphQL tells it: no data, and an
error in the body. The numbers are WhatsApp's; whatsmeow carries them, one set for the web and one for desktop clients.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler, Refused, refusing
from tests.simulators.whatsapp.world import Feature, World

Json = dict[str, Any]
Document = Callable[[User, Json], Json]

_ABOUT = "9152604461510864"
_TITLES = {403: "Forbidden", 404: "Not Found", 406: "Not Acceptable"}


class Graphql(Feature):
    """The documents by number. The about text of a profile is one of them, answered here."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._documents: dict[str, Document] = {_ABOUT: self._set_about}
        self.iq: Mapping[str, Handler] = {"w:mex": self._request}

    def register(self, numbers: Iterable[str], document: Document) -> None:
        """`document` answers (asker, variables) with the `data` object, or raises Refused."""
        for number in numbers:
            self._documents[number] = document

    @refusing
    def _request(self, connection: Connection, request: Node) -> None:
        query = request.child("query")
        document = self._documents.get(query.get("query_id", "")) if query is not None else None
        if query is None or document is None:
            self.world.fault("unknown request", f"GraphQL document: {request}")
            raise Refused(404)
        variables = json.loads(query.data()).get("variables") or {}
        answer: Json
        try:
            answer = {"data": document(connection.require_device().user, variables)}
        except Refused as refusal:
            extensions = {"error_code": refusal.code, "is_retryable": False, "severity": "CRITICAL"}
            message = _TITLES.get(refusal.code, refusal.text)
            answer = {"data": None, "errors": [{"message": message, "path": [], "extensions": extensions}]}
        connection.result(request, [Node("result", {}, json.dumps(answer).encode())])

    def _set_about(self, user: User, variables: Json) -> Json:
        user.status = str(variables["input"]["text"])
        return {"xwa2_update_text_status": {"result": "SUCCESS"}}
