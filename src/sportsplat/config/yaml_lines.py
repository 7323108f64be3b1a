"""YAML with the line of every value, and duplicate keys refused: what an error message needs to point at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sportsplat.errors import ConfigError
from sportsplat.paths import display_path

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_VALUES = 100_000  # a hundred times the shipped leagues; aliases of aliases make billions of a page
_DEEPEST = 50
_TEXT_KEYS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


@dataclass(frozen=True)
class Document:
    """One parsed file: plain data, and the line (1 = first) of each value by its path of keys and indices."""

    path: Path
    data: dict[str, Any]
    lines: dict[tuple[str | int, ...], int]
    text: str

    def where(self, *path: str | int) -> str:
        """Return `file:line` of the value at `path`, or of the nearest enclosing value that the file has."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{display_path(self.path)}:{self.lines[path[:length]]}"
        return display_path(self.path)


def read_yaml(path: Path) -> Document:
    """Read a mapping with text keys from a file; an empty file is an empty mapping.

    Raises ConfigError with file, line and column for malformed YAML, a repeated key or no mapping at all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ConfigError(
            f"cannot read {display_path(path)}",
            cause=str(unreadable),
            fix=f"sudo chown -R $(id -u) {display_path(path.parent)}"
            if isinstance(unreadable, PermissionError)
            else "make it a readable UTF-8 file",
            code="UNREADABLE",
        ) from unreadable
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> Document:
    """Read a text that stands, or stood, in `path`; raises what `read_yaml` does of a file's text."""
    loader = _Loader(text)
    try:
        _refuse_too_deep(text, path)
        root = loader.get_single_node()
        lines: dict[tuple[str | int, ...], int] = {}
        if root is not None:
            _note_lines(root, (), lines, path, set())
        data = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as malformed:
        mark = malformed.problem_mark or malformed.context_mark
        raise _refused(path, mark, malformed.problem or "malformed YAML") from malformed
    except (yaml.YAMLError, ValueError) as malformed:
        raise _refused(path, None, str(malformed).splitlines()[0]) from malformed
    finally:
        loader.dispose()
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise _refused(path, root.start_mark, f"expected keys with values, found {type(data).__name__}")
    return Document(path, data, lines, text)


def _refuse_too_deep(text: str, path: Path) -> None:
    """Refuse what is nested deeply: the composer in C calls itself for each level until the stack is full."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise _refused(path, event.start_mark, f"values are nested more than {_DEEPEST} deep")


def _note_lines(
    node: Any,
    at: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
    path: Path,
    open_nodes: set[int],
) -> None:
    """Remember where each value stands; refuse repeated keys, keys that are no text, a value in itself."""
    if id(node) in open_nodes:
        raise _refused(path, node.start_mark, "a value contains itself")
    open_nodes.add(id(node))
    if len(at) > _DEEPEST:  # by aliases
        raise _refused(path, node.start_mark, f"values are nested more than {_DEEPEST} deep")
    if len(lines) > _MOST_VALUES:
        detail = f"it has more than {_MOST_VALUES:,} values, counted with those that aliases (*name) repeat"
        raise _refused(path, node.start_mark, detail)
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.tag not in _TEXT_KEYS:
                raise _refused(path, key_node.start_mark, "a key must be text (put it in quotes)")
            below = (*at, key_node.value)
            if below in lines:
                raise _refused(
                    path,
                    key_node.start_mark,
                    f"key {key_node.value!r} appears twice (first in line {lines[below]})",
                )
            lines[below] = key_node.start_mark.line + 1
            _note_lines(value_node, below, lines, path, open_nodes)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*at, index)] = item.start_mark.line + 1
            _note_lines(item, (*at, index), lines, path, open_nodes)
    open_nodes.discard(id(node))


def _refused(path: Path, mark: Any, problem: str) -> ConfigError:
    where = display_path(path) + (
        f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    )
    return ConfigError(
        f"malformed YAML in {where}: {problem}", cause=where, fix=f"correct {where}", code="MALFORMED_YAML"
    )
