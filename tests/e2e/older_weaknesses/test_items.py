"""The table of weaknesses is whole, and every proof it names is there to be run."""

from __future__ import annotations

import pytest

from tests.e2e.older_weaknesses.items import HERE, ITEMS
from tests.proofs import ROOT, is_there, proofs_in


def test_every_weakness_has_its_promise_and_its_proofs() -> None:
    assert list(ITEMS) == list(range(1, 32))
    assert [number for number, item in ITEMS.items() if not item.promise or not item.proofs] == []


@pytest.mark.parametrize("number", ITEMS)
def test_every_proof_is_a_test(number: int) -> None:
    assert [proof for proof in ITEMS[number].proofs if not is_there(proof)] == []


def test_every_test_of_this_folder_says_whose_proof_it_is() -> None:
    for file in sorted((ROOT / HERE).glob("test_*.py")):
        if file.name == "test_items.py":
            continue
        for name, docstring in proofs_in(f"{HERE}/{file.name}").items():
            numbers = [number for number, item in ITEMS.items() if f"{HERE}/{file.name}::{name}" in item.proofs]
            assert numbers, f"{name} is nobody's proof"
            said = ", ".join(f"8.{number}" for number in numbers)
            assert docstring.startswith(f"{said}: "), f"{name} should begin with {said}"


def test_a_proof_that_is_gone_is_noticed() -> None:
    assert is_there(f"{HERE}/test_items.py::test_a_proof_that_is_gone_is_noticed")
    assert not is_there(f"{HERE}/test_items.py::test_of_nothing")
    assert not is_there(f"{HERE}/test_nothing.py::test_of_nothing")
