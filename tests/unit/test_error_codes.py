"""One registry of error codes: every code that the program can raise is in it, with one meaning."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import sportsplat
from sportsplat import error_codes
from sportsplat.db.errors import _MEANINGS
from sportsplat.error_codes import CODES, EXIT_CODES
from sportsplat.errors import ConfigError, ResourceConflict, SportsplatError

PACKAGE = Path(sportsplat.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"
CODE = re.compile(r"[A-Z]{2}[A-Z_]+")
ROOT = SportsplatError.__name__
PASSED_ON = {"first.error_code", "first.code"}
"""Expressions that pass on the code of another error; its exit code is checked when the error is made."""


class Class(NamedTuple):
    """An error class as its source states it."""

    base: str | None
    code: str | None


class Made(NamedTuple):
    """One place where an error, or a report of one, gets a code."""

    where: str
    callee: str
    codes: set[str]
    expression: str


@cache
def trees() -> dict[str, ast.Module]:
    paths = sorted(path for path in PACKAGE.rglob("*.py") if "_assets" not in path.parts)
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@cache
def constants() -> dict[str, list[ast.expr]]:
    """Values of the constants of all modules by name."""
    found: dict[str, list[ast.expr]] = {}
    for tree in trees().values():
        for node in tree.body:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, []).append(node.value)
    return found


def codes_in(expression: ast.expr) -> set[str]:
    """Every literal that looks like a code, also behind the names of constants."""
    found: set[str] = set()
    for node in ast.walk(expression):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            found.add(node.value)
        if isinstance(node, ast.Name | ast.Attribute) and (name := last_name(node)).isupper():
            found |= {code for value in constants().get(name, ()) for code in codes_in(value)}
    return found


def own_code(node: ast.ClassDef) -> str | None:
    for line in node.body:
        if isinstance(line, ast.Assign | ast.AnnAssign) and isinstance(line.value, ast.Constant):
            targets = line.targets if isinstance(line, ast.Assign) else [line.target]
            if [target.id for target in targets if isinstance(target, ast.Name)] == ["code"]:
                return str(line.value.value)
    return None


@cache
def classes() -> dict[str, Class]:
    """The family of errors, as found in the source of all modules."""
    defined = {
        node.name: Class(next((ast.unparse(base) for base in node.bases), None), own_code(node))
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }

    def is_error(name: str | None) -> bool:
        return name == ROOT or (name in defined and is_error(defined[name].base))

    return {name: made for name, made in defined.items() if is_error(name)}


def default_code(name: str | None) -> str:
    found = classes()[name or ROOT]
    return found.code or default_code(found.base)


def last_name(expression: ast.expr) -> str:
    """`c` of `a.b.c`; empty for what is no name."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{file}:{node.lineno}", last_name(node.func), node


@cache
def made() -> tuple[Made, ...]:
    """Every call that makes an error, and every other call that is given a code by name."""
    found = []
    for where, callee, call in calls():
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if "code" in given:
            codes = codes_in(given["code"])
            if codes or callee in classes():
                found.append(Made(where, callee, codes, ast.unparse(given["code"])))
        elif callee in classes():
            found.append(Made(where, callee, {default_code(callee)}, ""))
    return tuple(found)


@cache
def reported() -> tuple[Made, ...]:
    """Codes outside of calls: comparisons with `error_code`, and objects that have a `code`."""
    found = []
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                asked = [side for side in sides if last_name(side) == "error_code"]
                for side in sides if asked else ():
                    if side not in asked:
                        text = ast.unparse(side)
                        found.append(Made(f"{file}:{node.lineno}", "==", codes_in(side), text))
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "code" and (codes := codes_in(value)):
                        found.append(Made(f"{file}:{node.lineno}", "{}", codes, ast.unparse(value)))
    return tuple(found)


def test_the_source_holds_errors() -> None:
    assert len(made()) > 300
    assert len(reported()) > 5
    assert len(classes()) > 20


def test_every_code_is_registered() -> None:
    unknown = [(each.where, code) for each in (*made(), *reported()) for code in each.codes - CODES.keys()]
    assert unknown == []
    assert {default_code(name) for name in classes()} <= CODES.keys()


def test_every_code_can_be_found_in_the_source() -> None:
    hidden = [each for each in (*made(), *reported()) if not each.codes and each.expression not in PASSED_ON]
    assert hidden == []


def test_every_registered_code_is_used() -> None:
    used = {code for each in made() for code in each.codes}
    used |= {code for each in reported() if each.callee == "{}" for code in each.codes}
    used |= {own for own in (found.code for found in classes().values()) if own}
    assert sorted(CODES.keys() - used) == []


def test_errors_of_the_server_get_codes_of_their_classes() -> None:
    for meaning in _MEANINGS:
        assert meaning.raised("", code=meaning.code).error_code == meaning.code


def test_each_code_is_raised_only_with_classes_of_its_exit_code() -> None:
    wrong = [
        (each.where, code, each.callee)
        for each in made()
        if each.callee in classes()
        for code in each.codes
        if CODES[code].exit_code != CODES[default_code(each.callee)].exit_code
    ]
    assert wrong == []


def test_a_subclass_has_the_exit_code_of_its_base() -> None:
    assert [
        name
        for name, found in classes().items()
        if found.base in classes() and found.base != ROOT
        if CODES[default_code(name)].exit_code != CODES[default_code(found.base)].exit_code
    ] == []


def test_no_code_is_registered_twice() -> None:
    tables = ast.walk(ast.parse(Path(error_codes.__file__).read_text(encoding="utf-8")))
    keys = [
        key.value
        for table in tables
        if isinstance(table, ast.Dict)
        for key in table.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]
    assert sorted(keys) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_an_entry_is_complete(code: str) -> None:
    entry = CODES[code]
    assert CODE.fullmatch(code)
    assert entry.exit_code in EXIT_CODES
    assert 400 <= entry.http_status < 600
    for text in (entry.cause, entry.fix):
        assert text.endswith(".")
        assert "|" not in text
        assert "\n" not in text


def test_a_code_that_is_not_registered_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="'NO_SUCH_CODE' is not in"):
        ConfigError("it broke", code="NO_SUCH_CODE")


def test_a_code_cannot_be_raised_with_a_class_of_another_exit_code() -> None:
    assert ResourceConflict("it broke", code="PORT_TAKEN").exit_code == 5
    with pytest.raises(ValueError, match="'PORT_TAKEN' has another exit code"):
        ConfigError("it broke", code="PORT_TAKEN")


def test_the_documentation_states_the_registered_exit_codes() -> None:
    """Rows like "| `PORT_TAKEN`, `LOCK_HELD` | 5 |" of any page; in docs/api.md the number is a status."""
    wrong = []
    for page in sorted(DOCS.glob("*.md")):
        for line in page.read_text(encoding="utf-8").splitlines():
            row = re.match(r"\| (`[A-Z_]{3,}`(?:, `[A-Z_]{3,}`)*) \| (\d+) \|", line)
            for code in re.findall(r"[A-Z_]+", row[1]) if row else ():
                entry, number = CODES.get(code), int(row[2]) if row else 0
                if entry is None or number != (
                    entry.http_status if page.name == "api.md" else entry.exit_code
                ):
                    wrong.append((page.name, code, number))
    assert wrong == []
