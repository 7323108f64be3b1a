"""The help page: Typer's panels, drawn here, since loading Rich for them takes longer than all the rest."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from textwrap import fill, wrap
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from sportsplat.cli.complete import league_codes
from sportsplat.cli.output import wants_color, write_answer
from sportsplat.errors import UsageError

_WIDEST, _NARROWEST = 100, 40  # columns: longer lines are hard to read
_DIM, _NAME = "2", "1;36"
Row = tuple[str, str]


class HelpfulCommand(TyperCommand):
    """A command whose help is `print_page`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print the page at once, as Typer does, instead of through the formatter."""
        print_page(self, ctx, [])


class HelpfulGroup(TyperGroup):
    """A group of commands whose help is `print_page`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print the page at once, as Typer does, instead of through the formatter."""
        print_page(
            self,
            ctx,
            [(name, first_line(each.help)) for name, each in self.commands.items() if not each.hidden],
        )


class ListingGroup(HelpfulGroup):
    """A group that, named alone, is its command `list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` where no command stands; the group's own options may stand before a command."""
        first = _first_of_others(args, {name: option for option in self.params for name in option.opts})
        bare = first is None or (first.startswith("-") and first not in ctx.help_option_names)
        return super().parse_args(ctx, ["list", *args] if bare else args)


def _first_of_others(args: Iterable[str], options: Mapping[str, Any]) -> str | None:
    """Return the first word that is neither one of these options nor the value of one."""
    words = iter(args)
    for word in words:
        name, _, value = word.partition("=")
        if name not in options:
            return word
        if not value and not options[name].is_flag:
            next(words, None)
    return None


def print_page(command: TyperCommand | TyperGroup, context: Any, commands: Iterable[Row]) -> None:
    """Print usage, what the command does, its arguments and options by panel, and its commands."""
    page = _Page(_width(), color=wants_color(sys.stdout, no_color=False))
    page.add(f"\n {command.get_usage(context)}\n", "1;33")
    if command.help:
        for line in inspect.cleandoc(command.help).splitlines():
            page.add(f" {line}".rstrip())
        page.add("")
    panels: dict[str, list[Row]] = {}
    for param in command.get_params(context):
        is_argument = isinstance(param, TyperArgument)
        record = _argument_row(param, context) if is_argument else param.get_help_record(context)
        if record is not None:
            panel = getattr(param, "rich_help_panel", None) or ("Arguments" if is_argument else "Options")
            panels.setdefault(panel, []).append(record)
    for panel in sorted(panels, key=_place):
        page.add_panel(panel, panels[panel])
    page.add_panel("Commands", list(commands))
    write_answer("\n".join(page.lines) + "\n")


class _Page:
    """Lines of a page `width` columns wide, with control codes for colours or without."""

    def __init__(self, width: int, *, color: bool) -> None:
        self.lines: list[str] = []
        self._width = width
        self._color = color
        unicode = (sys.stdout.encoding or "").lower().startswith("utf")
        self._box = tuple("╭╮╰╯─│" if unicode else "++++-|")

    def add(self, text: str, style: str = "") -> None:
        """Add text as it is, wrapped where it is wider than the page."""
        for line in text.split("\n"):
            wrapped = line if len(line) <= self._width else fill(line, self._width, subsequent_indent=" ")
            self.lines.append(self._styled(wrapped, style))

    def add_panel(self, title: str, rows: list[Row]) -> None:
        """Add a box with a title around rows of two columns; nothing when there are no rows."""
        if not rows:
            return
        top_left, top_right, low_left, low_right, dash, side = self._box
        inner = self._width - 4
        names = [name.replace(" <bool>", "") for name, _ in rows]
        first = min(max(map(len, names)), inner // 2)
        head = f"{top_left}{dash} {title} ".ljust(self._width - 1, dash) + top_right
        self.lines.append(self._styled(head, _DIM))
        border = self._styled(side, _DIM)
        for name, (_, text) in zip(names, rows, strict=True):
            second = inner - first - 2
            cells = wrap(name, first, break_on_hyphens=False), wrap(text, second, break_on_hyphens=False)
            for label, line in zip_longest(*cells, fillvalue=""):
                styled = self._styled(label.ljust(first), _NAME)
                self.lines.append(f"{border} {styled}  {line.ljust(second)} {border}")
        self.lines.append(self._styled(low_left + dash * (self._width - 2) + low_right, _DIM))

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._color and style and text else text


def _width() -> int:
    """Return the columns of a page: those of COLUMNS, else of the terminal, but few enough to be read."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return max(int(asked), _NARROWEST)
    try:
        return max(min(os.get_terminal_size(sys.stdout.fileno()).columns, _WIDEST), _NARROWEST)
    except (OSError, ValueError, AttributeError):
        return _WIDEST


def first_line(text: str | None) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def _place(panel: str) -> int:
    """Arguments, options, further panels in their order, the flags of every command last."""
    return {"Arguments": 0, "Options": 1, "Common": 3}.get(panel, 2)


def _argument_row(param: Any, context: Any) -> Row:
    record = param.get_help_record(context)
    return record if record is not None else (param.make_metavar(context), "")


LeagueCode = Annotated[
    str,
    typer.Argument(metavar="LEAGUE", help="League code: nba, nfl, epl …", autocompletion=league_codes),
]

_SEASON = re.compile(r"(?P<first>(1[89]|2[01])\d\d)([/-](?P<last>\d{2}|\d{4}))?")


def season_begun(text: str) -> int:
    """Return the year in which a season starts: of 2020, 2020/21, 2020-21 or 2020/2021.

    Raises UsageError: something else (BAD_SEASON), as `21`, which may be the first or the last year.
    """
    found = _SEASON.fullmatch(text.strip())
    first = int(found["first"]) if found else 0
    last = found["last"] if found else None
    if found and (last is None or last in (str(first + 1), f"{(first + 1) % 100:02}")):
        return first
    cause = "a season is called by the year in which it starts, or by both: 2020 or 2020/21"
    fix = "--season 2020"
    if re.fullmatch(r"\d\d", text.strip()):
        year = 2000 + int(text)
        cause = f"{text} may be {year - 1}/{text} or {year}/{(year + 1) % 100:02}"
        fix = f"--season {year - 1} or --season {year}"
    raise UsageError(f"{text!r} is no season that is clear", cause=cause, fix=fix, code="BAD_SEASON")


Seasons = Annotated[
    list[int] | None,
    typer.Option(
        metavar="S", parser=season_begun, help="Only this season: 2020 or 2020/21. Can be repeated."
    ),
]


def confirm(question: str, refused: str, fix: str) -> None:
    """Ask on a terminal; where there is none, or the answer is no, raise UsageError (NEEDS_YES)."""
    agreed = sys.stdin.isatty() and typer.confirm(question, err=True)
    if not agreed:
        raise UsageError(refused, cause="the question was not answered with yes", fix=fix, code="NEEDS_YES")
