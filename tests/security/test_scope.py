"""The tenant predicate is written in one module, and every store method that takes `who` goes through it.

Read from the source, so that a query written tomorrow is judged before anybody asks it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway.storage

STORAGE = Path(gateway.storage.__file__).parent
SCOPE = "scope.py"
_SCOPING = frozenset({"within", "predicate", "check_instance"})
_PREDICATE_IN_SQL = re.compile(r"\btenant_id\b\"?\s*(=|<>|!=|\bin\b|\bis\b|\blike\b)", re.IGNORECASE)
_PREDICATE_METHODS = frozenset({"eq", "ne", "is_in", "not_in", "like", "ilike", "is_null", "is_not_null"})

ALLOWED = {
    "instances.py InstanceStore.count": "how many there may be is counted for a new one's tenant, not for a caller",
    "webhooks.py EndpointStore.count": "how many there may be is counted for the owner of a new one, not for a caller",
    "webhooks.py EndpointStore.some_instance": "names an instance of the endpoint's own tenant, for the machinery",
    "webhooks.py EndpointStore.listening": "which endpoints hear an accepted event, on behalf of nobody",
}
"""Tenant predicates outside scope.py. None of them stands between a caller and somebody else's rows."""


Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One file of storage: its functions by dotted name, `<module>` for what stands outside of them."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.tree = ast.parse(source)
        self.functions: dict[str, Function] = dict(_functions(self.tree.body))

    def tenant_predicates(self) -> set[str]:
        """Where a row's tenant is compared, in Python or in SQL, or the caller's tenant is read at all."""
        found: set[str] = set()
        inside: set[ast.AST] = set()
        for name, function in self.functions.items():
            nodes = list(ast.walk(function))
            inside.update(nodes)
            if any(_is_tenant_predicate(node) for node in _without_docstring(function, nodes)):
                found.add(f"{self.name} {name}")
        outside = (node for node in ast.walk(self.tree) if node not in inside)
        if any(_is_tenant_predicate(node) for node in outside):
            found.add(f"{self.name} <module>")
        return found

    def asked_by_somebody(self) -> dict[str, Function]:
        """Functions that act for a caller."""
        return {name: each for name, each in self.functions.items() if "who" in _parameters(each)}

    def unscoped(self) -> set[str]:
        """Of those, the ones that hand `who` neither to scope.py nor to a function here that does."""
        waiting = self.asked_by_somebody()
        scoped: set[str] = set()
        while now := {name for name, each in waiting.items() if self._scopes(name, each, scoped)}:
            scoped |= now
            waiting = {name: each for name, each in waiting.items() if name not in now}
        return {f"{self.name} {name}" for name in waiting}

    def _scopes(self, name: str, function: Function, scoped: set[str]) -> bool:
        owner = name.rpartition(".")[0]
        for call in ast.walk(function):
            if not isinstance(call, ast.Call) or not _passes_who(call):
                continue
            match call.func:
                case ast.Name(id=called) if called in _SCOPING or called in scoped:
                    return True
                case ast.Attribute(value=ast.Name(id="scope"), attr=called) if called in _SCOPING:
                    return True
                case ast.Attribute(value=ast.Name(id="self"), attr=called) if f"{owner}.{called}" in scoped:
                    return True
        return False


def _functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Function]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, Function):
            yield prefix + statement.name, statement


def _parameters(function: Function) -> set[str]:
    given = function.args
    return {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def _passes_who(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(isinstance(each, ast.Name) and each.id == "who" for each in given)


def _without_docstring(function: Function, nodes: list[ast.AST]) -> list[ast.AST]:
    first = function.body[0]
    docstring = first.value if isinstance(first, ast.Expr) else None
    return [node for node in nodes if node is not docstring]


def _is_tenant(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "tenant_id"


def _is_tenant_predicate(node: ast.AST) -> bool:
    match node:
        case ast.Compare(left=left, comparators=rest):
            return any(_is_tenant(side) for side in (left, *rest))
        case ast.Call(func=ast.Attribute(value=compared, attr=method)) if method in _PREDICATE_METHODS:
            return _is_tenant(compared)
        case ast.Call(func=ast.Attribute(attr="get_column_by_name"), args=[ast.Constant(value="tenant_id")]):
            return True
        case ast.Attribute(value=ast.Name(id="who"), attr="tenant_id"):
            return True
        case ast.Constant(value=str(text)):
            return _PREDICATE_IN_SQL.search(text) is not None
    return False


MODULES = [Module(path.name, path.read_text()) for path in sorted(STORAGE.glob("*.py"))]


def test_a_tenant_predicate_stands_in_scope_alone() -> None:
    found = set[str]().union(*(each.tenant_predicates() for each in MODULES if each.name != SCOPE))
    assert found == set(ALLOWED), "write it in storage/scope.py, or say here why it guards nobody's rows"


def test_every_store_method_that_takes_a_caller_uses_scope() -> None:
    others = [each for each in MODULES if each.name != SCOPE]
    asked = [f"{each.name} {name}" for each in others for name in each.asked_by_somebody()]
    assert len(asked) >= 20, "the search finds hardly anything any more"
    assert set[str]().union(*(each.unscoped() for each in others)) == set()


def test_scope_itself_is_where_the_search_finds_predicates() -> None:
    (scope,) = (each for each in MODULES if each.name == SCOPE)
    assert {f"{SCOPE} within", f"{SCOPE} predicate", f"{SCOPE} check_instance"} <= scope.tenant_predicates()


@pytest.mark.parametrize(
    "line",
    [
        "return Things.select().where(Things.tenant_id == who)",
        "return Things.select().where(Things.tenant_id.is_in([1]))",
        "return Things.raw('SELECT * FROM things t WHERE t.tenant_id = {}', x)",
        "return Things.raw('SELECT * FROM things WHERE TENANT_ID IN (SELECT 1)')",
        "return Things.raw(f'SELECT {x} FROM things WHERE tenant_id={{}}')",
        "return [row for row in rows if row.tenant_id != x]",
        "return Things.raw('SELECT * FROM things WHERE {}', who.tenant_id)",
        "return table._meta.get_column_by_name('tenant_id')",
    ],
)
def test_a_predicate_elsewhere_would_be_found(line: str) -> None:
    source = f"class Store:\n    async def find(self, who, x):\n        {line}\n"
    assert Module("sample.py", source).tenant_predicates() == {"sample.py Store.find"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("return await Things.select().where(Things.id == x)", True),
        ("return await self.other(x)", True),
        ("return await within(Things.select(), x)", True),
        ("return await self.get(who, x)", True),  # nobody there goes to scope
        ("return await within(Things.select(), who)", False),
        ("return await Things.raw('{}', scope.predicate(who, Things))", False),
        ("scope.check_instance(who, x, x)", False),
        ("return await self.seen(who, x)", False),
        ("return await _seen(x, who=who)", False),
    ],
)
def test_a_method_that_ignores_its_caller_would_be_found(body: str, found: bool) -> None:
    source = f"""
class Store:
    async def find(self, who, x):
        {body}
    async def get(self, who, x):
        return await self.find(who, x)
    async def seen(self, who, x):
        return within(x, who)
async def _seen(x, *, who):
    return scope.predicate(who, x)
"""
    assert ("sample.py Store.find" in Module("sample.py", source).unscoped()) is found
