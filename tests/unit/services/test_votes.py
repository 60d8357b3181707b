"""Votes told by digest become positions."""

from __future__ import annotations

import hashlib

from gateway.domain.messages import Poll
from gateway.services.votes import positions


def digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def test_digests_are_the_options_with_those_words_in_the_polls_order() -> None:
    poll = Poll(question="Tea?", options=("yes", "no", "später"))
    assert positions(poll, (digest("später"), digest("yes"))) == (0, 2)


def test_a_withdrawn_vote_and_a_strange_digest_choose_nothing() -> None:
    poll = Poll(question="Tea?", options=("yes", "no"))
    assert positions(poll, ()) == ()
    assert positions(poll, (digest("maybe"),)) == ()
