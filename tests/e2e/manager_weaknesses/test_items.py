"""The table of weaknesses is whole, and every proof it names is there to be run."""

from __future__ import annotations

import pytest

from tests.e2e.manager_weaknesses.items import HERE, ITEMS
from tests.proofs import ROOT, is_there, proofs_in


def test_every_weakness_has_its_promise_and_its_proofs() -> None:
    numbers = [f"W{number}" for number in range(1, 26)]
    assert list(ITEMS) == [*numbers[:21], "W21b", *numbers[21:]]
    assert [name for name, item in ITEMS.items() if not item.promise or not item.proofs] == []


@pytest.mark.parametrize("name", ITEMS)
def test_every_proof_is_a_test(name: str) -> None:
    assert [proof for proof in ITEMS[name].proofs if not is_there(proof)] == []


def test_every_test_of_this_folder_says_whose_proof_it_is() -> None:
    for file in sorted((ROOT / HERE).glob("test_*.py")):
        if file.name == "test_items.py":
            continue
        for test, docstring in proofs_in(f"{HERE}/{file.name}").items():
            names = [name for name, item in ITEMS.items() if f"{HERE}/{file.name}::{test}" in item.proofs]
            assert names, f"{test} is nobody's proof"
            assert docstring.startswith(f"{', '.join(names)}: "), f"{test} should begin with {', '.join(names)}"
