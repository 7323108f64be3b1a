"""Spreadsheet formulas without a cached result: kept as text, where a reader would see a blank cell.

A program that writes formulas and does not calculate leaves their results out, and readers of workbooks take
such a cell, and one with an error (`#DIV/0!`), for blank: a match that was played would have no score.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
_CELL = re.compile(
    rb"<(?P<ns>(?:\w+:)?)c(?P<attributes>(?:\s[^>]*[^/>])?)>(?P<inner>.*?)</(?P=ns)c\s*>", re.DOTALL
)
_KIND = re.compile(rb"""\st\s*=\s*["'](\w*)["']""")
_TEXT = re.compile(rb"<(?:\w+:)?f(?:\s[^>]*[^/>])?>([^<]*)</")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]*)</")
_NO_VALUE = re.compile(r"=.*|#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|SPILL!|CALC!)", re.DOTALL)


def with_formulas_as_text(sheet: bytes) -> bytes:
    """Return the XML of a sheet in which a formula without a result is its text, `=1+1`, and an error too."""
    if not _FORMULA.search(sheet) and not _ERROR.search(sheet):
        return sheet
    return _CELL.sub(_as_text, sheet)


def no_value(column: str, text: str) -> str | None:
    """Say why a cell is a formula without a result, or an error; None for any other text."""
    if not _NO_VALUE.fullmatch(text):
        return None
    what = "a formula without its result" if text.startswith("=") else "an error of a formula"
    return f"{column} is {text[:80]!r}: {what}; open the file in a spreadsheet program and save it again"


def _as_text(cell: re.Match[bytes]) -> bytes:
    inner, ns = cell["inner"], cell["ns"]
    kind, value = _KIND.search(cell["attributes"]), _VALUE.search(inner)
    is_error = kind is not None and kind[1] == b"e"
    if is_error and value:
        text = value[1]
    elif not _FORMULA.search(inner) or (value and (value[1].strip() or (kind and kind[1] == b"str"))):
        return cell[0]
    else:
        formula = _TEXT.search(inner)
        text = b"=" + (formula[1] if formula else b"")
    return b'<%sc%s t="str"><%sv>%s</%sv></%sc>' % (ns, _KIND.sub(b"", cell["attributes"]), ns, text, ns, ns)
