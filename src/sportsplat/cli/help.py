"""The help page in Rich panels: Typer's looks without its page's imports of Markdown and Pygments (30 ms)."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from typer.core import TyperArgument, TyperCommand, TyperGroup

from sportsplat.cli.output import draw_page

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 100  # columns: longer lines are hard to read
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
        """Put `list` where no command stands."""
        bare = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        return super().parse_args(ctx, ["list", *args] if bare else args)


def print_page(command: TyperCommand | TyperGroup, context: Any, commands: Iterable[Row]) -> None:
    """Print usage, what the command does, its arguments and options by panel, and its commands."""
    with draw_page() as console:
        _draw(console, command, context, list(commands))


def _draw(console: Console, command: TyperCommand | TyperGroup, context: Any, commands: list[Row]) -> None:
    if "COLUMNS" not in os.environ:
        console.width = min(console.width, WIDEST)
    console.print(f"\n {command.get_usage(context)}\n", style="bold yellow", markup=False)
    if command.help:
        for line in inspect.cleandoc(command.help).splitlines():
            console.print(f" {line}".rstrip(), markup=False)
        console.print()
    panels: dict[str, list[Row]] = {}
    for param in command.get_params(context):
        is_argument = isinstance(param, TyperArgument)
        record = _argument_row(param, context) if is_argument else param.get_help_record(context)
        if record is not None:
            panel = getattr(param, "rich_help_panel", None) or ("Arguments" if is_argument else "Options")
            panels.setdefault(panel, []).append(record)
    for panel in sorted(panels, key=_place):
        _print_panel(console, panel, panels[panel])
    _print_panel(console, "Commands", commands)


def first_line(text: str | None) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def _place(panel: str) -> int:
    """Arguments, options, further panels in their order, the flags of every command last."""
    return {"Arguments": 0, "Options": 1, "Common": 3}.get(panel, 2)


def _argument_row(param: Any, context: Any) -> Row:
    record = param.get_help_record(context)
    return record if record is not None else (param.make_metavar(context), "")


def _print_panel(console: Console, title: str, rows: list[Row]) -> None:
    if not rows:
        return
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(ratio=1)
    for name, text in rows:
        table.add_row(Text(name.replace(" <bool>", "")), Text(text))
    console.print(Panel(table, title=title, title_align="left", border_style="dim"))
