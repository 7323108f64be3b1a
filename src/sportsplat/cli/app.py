"""The `sportsplat` program: every command group, and one way out for every error."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from sportsplat import __version__
from sportsplat.cli import (
    audit,
    backtest,
    config,
    data,
    db,
    doctor,
    environment,
    features,
    modelling,
    output,
    quickstart,
    render,
    serve,
)
from sportsplat.cli.help import HelpfulGroup, Row, first_line, print_page
from sportsplat.errors import SportsplatError, UsageError

MODULES = (
    environment,
    doctor,
    config,
    db,
    data,
    features,
    modelling,
    backtest,
    audit,
    serve,
    quickstart,
)
SUMMARY = "From an empty machine to an honest, market-scored forecasting model for sports matches."


class Program(HelpfulGroup):
    """All commands, each built when it is asked for; errors in our shape, as JSON when --json is asked."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run one command line; exit with its code, or return it when not in standalone mode."""
        typed = list(sys.argv[1:] if args is None else args)
        started = time.perf_counter()
        extra.setdefault("obj", started)
        if "--no-color" in typed:
            os.environ["NO_COLOR"] = "1"
        try:
            code = super().main(
                typed, prog_name or "sportsplat", complete_var, False, windows_expand_args, **extra
            )
        except (Exception, KeyboardInterrupt) as problem:
            if "--verbose" in typed and not isinstance(problem, typer.TyperException):
                render.print_traceback(problem)
            name, error = _explained(problem)
            if not error.message:  # a group without a command, whose help is already printed
                sys.exit(error.exit_code)
            code = render.report(error, name=name, as_json="--json" in typed, started=started)
        if standalone_mode:
            _leave(code if isinstance(code, int) else 0)
        return code

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return every name, in the order of the help page."""
        return [name for name, _, _ in registered()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Build the command; for a name that does not exist build all, from which Typer suggests one."""
        known = cmd_name in self.list_commands(ctx)
        for name, _, made in registered():
            if name not in self.commands and (name == cmd_name or not known):
                self.commands[name] = build(name, made)
        return self.commands.get(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print the page without building any command."""
        rows: list[Row] = [(name, text) for name, text, _ in registered()]
        print_page(self, ctx, rows)


@cache
def registered() -> list[tuple[str, str, typer.Typer]]:
    """Return name, help and a Typer app of its own for each command and group, in the order of MODULES."""
    return [entry for module in MODULES for entry in _entries(module)]


def _entries(module: Any) -> Iterator[tuple[str, str, typer.Typer]]:
    scratch = typer.Typer()
    module.register(scratch)
    for info in scratch.registered_commands:
        alone = typer.Typer(add_completion=False)
        alone.registered_commands.append(info)
        yield str(info.name), first_line(info.callback.__doc__ if info.callback else None), alone
    for group in scratch.registered_groups:
        if group.typer_instance is not None:
            yield str(group.name), first_line(str(group.typer_instance.info.help)), group.typer_instance


def build(name: str, made: typer.Typer) -> TyperCommand | TyperGroup:
    """Turn one registered command or group into what Typer runs."""
    command = cast(TyperCommand | TyperGroup, typer.main.get_command(made))
    command.name = name
    return command


app = typer.Typer(
    name="sportsplat",
    cls=Program,
    help=SUMMARY,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        output.write_answer(f"sportsplat {__version__}\n")
        raise typer.Exit


@app.callback(help=SUMMARY)
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the program on `sys.argv` and exit with the code of the command line's contract.

    A polite request to stop (SIGTERM) ends a command as Ctrl-C does: what was stored is whole.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    app()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _explained(problem: BaseException) -> tuple[str, SportsplatError]:
    """Return the command's name and our error: what Typer could not parse, or a bug outside the command."""
    if not isinstance(problem, typer.TyperException):
        return "", render.from_unforeseen(problem)
    context = getattr(problem, "ctx", None)
    asked = "sportsplat" if context is None else context.command_path
    message = " ".join(problem.format_message().split())
    return (
        "" if context is None else render.command_name(context),
        UsageError(message, fix=f"{asked} --help"),
    )


def _leave(code: int) -> None:
    try:
        sys.stdout.flush()
    except OSError:
        output.abandon_stdout()
    sys.exit(code)
