from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.webhooks.javascript import number, stringify


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (55.0, "55"),
        (-0.0, "0"),
        (37.6173, "37.6173"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-9, "1.5e-9"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e22, "1.25e+22"),
        (-180.0, "-180"),
        (float("nan"), "null"),
        (float("inf"), "null"),
    ],
)
def test_numbers_look_as_javascript_prints_them(value: float, printed: str) -> None:
    assert number(value) == printed


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_as_itself(value: float) -> None:
    assert float(number(value)) == value


def test_nothing_is_escaped_that_need_not_be_and_there_are_no_blanks() -> None:
    value = {"text": 'Привет "мир" 😀\n\t\b\f\x0b\x7f\u2028', "list": [1, 2.0, None, True], "empty": {}}
    assert stringify(value) == (
        '{"text":"Привет \\"мир\\" 😀\\n\\t\\b\\f\\u000b\x7f\u2028","list":[1,2,null,true],"empty":{}}'
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="the real printer is Node's")
@settings(max_examples=3, deadline=None)
@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"]))
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.booleans()),
        min_size=50,
    )
)
def test_node_prints_the_same_bytes_after_parsing_ours(values: list[object]) -> None:
    # Keys that are numbers would be moved to the front by JavaScript's objects; none of ours are.
    values = [{f"k{key}": kept for key, kept in each.items()} if isinstance(each, dict) else each for each in values]
    ours = stringify(values)
    script = "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0,'utf8'))))"
    theirs = subprocess.run(["node", "-e", script], input=ours.encode(), capture_output=True, check=True, timeout=60)
    assert theirs.stdout.decode() == ours
