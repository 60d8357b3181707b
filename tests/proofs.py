"""Tests named by other tests: a table of promises names its proofs by node id, and each of them has to be there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def proofs_in(file: str) -> dict[str, str]:
    """The tests of a file and their docstrings."""
    tree = ast.parse((ROOT / file).read_text())
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name: ast.get_docstring(node) or "" for node in found if node.name.startswith("test_")}


def is_there(proof: str) -> bool:
    """Whether a proof names a test, or a whole file of tests."""
    file, _, name = proof.partition("::")
    if not (ROOT / file).is_file():
        return False
    return name in proofs_in(file) if name else bool(proofs_in(file))
