"""What the gateway and the pairing process say to each other survives the pipe, one line each."""

from __future__ import annotations

import pytest

from gateway.providers.whatsapp.pairing.protocol import (
    Failed,
    GiveCode,
    GiveUp,
    Linked,
    News,
    Pair,
    Scan,
    Type,
    Wish,
    line,
    news_decoder,
    wish_decoder,
)


@pytest.mark.parametrize(
    "wish",
    [
        Pair(id="1", store_name="/data/a\nb.sqlite", spool="s", history=True, device_name="Gateway", proxy="http://p"),
        GiveCode(id="1", phone="491511111111"),
        GiveUp(id="1"),
    ],
)
def test_a_wish_is_one_line(wish: Wish) -> None:
    text = line(wish)
    assert text.index(b"\n") == len(text) - 1
    assert wish_decoder.decode(text) == wish


@pytest.mark.parametrize(
    "news",
    [Scan(id="1", qr_code="2@a,b\n"), Type(id="1", error="no"), Linked(id="1"), Failed(id="1", reason="timeout")],
)
def test_a_piece_of_news_is_one_line(news: News) -> None:
    text = line(news)
    assert text.index(b"\n") == len(text) - 1
    assert news_decoder.decode(text) == news
