"""A stanza: what XML would call an element. Attributes are texts or JIDs, content is children or bytes."""

from __future__ import annotations

from typing import Any

from tests.simulators.whatsapp.jid import JID

_SHOWN = 24  # bytes of content that a printed node still spells out


class Node:
    """One element. An attribute that is None or empty is not sent, as WhatsApp's own encoders do it."""

    __slots__ = ("attrs", "content", "tag")

    def __init__(
        self,
        tag: str,
        attrs: dict[str, Any] | dict[str, str] | dict[str, JID] | None = None,
        content: list[Node] | bytes | None = None,
    ) -> None:
        self.tag = tag
        self.attrs: dict[str, Any] = attrs or {}
        self.content = content

    @property
    def children(self) -> list[Node]:
        return self.content if isinstance(self.content, list) else []

    def child(self, *path: str) -> Node | None:
        """The first child of that tag, or along several tags its descendant."""
        node = self
        for tag in path:
            found = next((each for each in node.children if each.tag == tag), None)
            if found is None:
                return None
            node = found
        return node

    def all(self, tag: str) -> list[Node]:
        return [each for each in self.children if each.tag == tag]

    def data(self) -> bytes:
        """The content as bytes; none when there are children instead."""
        return self.content if isinstance(self.content, bytes) else b""

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute: a str or a JID."""
        return self.attrs.get(name, default)

    def jid(self, name: str) -> JID:
        """An attribute as a JID; one of nobody at nowhere when it is missing."""
        value = self.attrs.get(name)
        return value if isinstance(value, JID) else JID.parse(value or "")

    def __repr__(self) -> str:
        attrs = "".join(f' {name}="{value}"' for name, value in self.attrs.items() if value is not None and value != "")
        if self.content is None:
            return f"<{self.tag}{attrs}/>"
        if isinstance(self.content, list):
            return f"<{self.tag}{attrs}>{''.join(map(repr, self.content))}</{self.tag}>"
        data = self.data()
        shown = f"[{len(data)} bytes]" if len(data) > _SHOWN else data.hex()
        return f"<{self.tag}{attrs}>{shown}</{self.tag}>"
