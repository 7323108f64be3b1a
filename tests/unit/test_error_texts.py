"""Texts of errors: `message`, `cause` and `fix` begin without a capital and end without a full stop.

They follow a word on one line (`error[CODE]: …`, `cause: …`, `fix: …`). The literal parts are read from the
source; a text that begins or ends with a value is as the value is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sportsplat
from sportsplat import errors

PACKAGE = Path(sportsplat.__file__).parent
TEXTS = ("message", "cause", "fix")
CLASSES = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.SportsplatError)
} | {"RefusedFile"}  # a file's error in a report of several
NAMES = ("The Odds API", "PostgreSQL", "DATABASE_URL", "LightGBM", "Elo ", "Git ")
"""Proper names, with which a text may begin."""


def literals(node: ast.expr | None, first: bool = True, last: bool = True) -> Iterator[tuple[str, str]]:
    """Yield the literal beginning and end of each text that an expression may give, "" for a value."""
    match node:
        case ast.Constant(value=str(text)):
            yield (text if first else "", text if last else "")
        case ast.JoinedStr(values=[*parts]):
            ends = [part.value if isinstance(part, ast.Constant) else "" for part in (parts[0], parts[-1])]
            yield (str(ends[0]) if first else "", str(ends[1]) if last else "")
        case ast.IfExp(body=body, orelse=other):
            yield from literals(body, first, last)
            yield from literals(other, first, last)
        case ast.BinOp(left=left, right=right, op=ast.Add()):
            yield from literals(left, first, False)
            yield from literals(right, False, last)
        case ast.BoolOp(values=values):
            for value in values:
                yield from literals(value, first, last)


def texts_of(tree: ast.Module, makers: dict[str, list[str]]) -> Iterator[tuple[int, ast.expr]]:
    """Yield line and expression of each text that is given to an error or to a function that makes one."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        parameters = ["message"] if name in CLASSES else makers.get(name)
        if parameters is None:
            continue
        given = dict(zip(parameters, call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        yield from ((call.lineno, value) for text, value in given.items() if text in TEXTS)


def makers_in(trees: list[ast.Module]) -> dict[str, list[str]]:
    """Return the parameters of each function that makes an error of a text that it is given."""
    return {
        one.name: [argument.arg for argument in one.args.args]
        for tree in trees
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef)
        and one.returns is not None
        and {*CLASSES, "NoReturn"} & {getattr(name, "id", "") for name in ast.walk(one.returns)}
        and {*TEXTS} & {argument.arg for argument in (*one.args.args, *one.args.kwonlyargs)}
    }


def wrong(text: ast.expr) -> list[str]:
    return [
        first or last
        for first, last in literals(text)
        if (first[:1].isupper() and not first.startswith(NAMES)) or last.endswith(".")
    ]


def test_texts_of_errors_begin_without_a_capital_and_end_without_a_full_stop() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    makers = makers_in(list(trees.values()))
    found = [(path, *text) for path, tree in trees.items() for text in texts_of(tree, makers)]
    assert len(found) > 600
    mended = {
        f"{path.relative_to(PACKAGE)}:{line}": bad for path, line, text in found if (bad := wrong(text))
    }
    assert mended == {}


@pytest.mark.parametrize(
    "text",
    ["'The file is empty'", "f'{name} is empty.'", "'it is' + (' empty.' if x else '')", "x or 'Try again'"],
)
def test_a_capital_or_a_full_stop_would_be_found(text: str) -> None:
    tree = ast.parse(f"raise InputRefused(message, cause={text})")
    ((_, _), (_, cause)) = texts_of(tree, {})
    assert wrong(cause)
