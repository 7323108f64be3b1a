"""The `sportsplat` program: every command group, and one way out for every error."""

from __future__ import annotations

import gc
import inspect
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from sportsplat import __version__
from sportsplat.cli import command as render
from sportsplat.cli import output
from sportsplat.cli.help import HelpfulGroup, Row, first_line, print_page
from sportsplat.errors import SportsplatError, UsageError

MODULES = (
    "environment",
    "doctor",
    "config",
    "db",
    "ingest",
    "runs",
    "data",
    "teams",
    "sync",
    "features",
    "modelling",
    "backtest",
    "audit",
    "serve",
    "quickstart",
)
"""The modules of this package with commands, in the order of the help page; each is loaded when needed."""

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
        options = typed[: typed.index("--")] if "--" in typed else typed
        started = time.perf_counter()
        extra.setdefault("obj", started)
        if "--no-color" in options:
            os.environ["NO_COLOR"] = "1"
        try:
            code = super().main(
                typed, prog_name or "sportsplat", complete_var, False, windows_expand_args, **extra
            )
        except (Exception, KeyboardInterrupt) as problem:
            if "--verbose" in options and not isinstance(problem, typer.TyperException):
                render.print_traceback(problem)
            name, error = _explained(problem)
            if not error.message:  # a group without a command, whose help is already printed
                sys.exit(error.exit_code)
            code = render.report(error, name=name, as_json="--json" in options, started=started)
        if standalone_mode:
            _leave(code if isinstance(code, int) else 0)
        return code

    def make_context(self, *names: Any, **extra: Any) -> Any:
        """Read the command line; Ctrl-C meanwhile becomes an error: Typer would end without a word."""
        with _interrupt_as_error():
            return super().make_context(*names, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; the same for Ctrl-C while it is got ready."""
        with _interrupt_as_error():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return every name, in the order of the help page."""
        return [name for name, _, _ in registered()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Build the command; for a name that does not exist build all, from which Typer suggests one."""
        for module in MODULES:
            for name, _, made in entries(module):
                if name == cmd_name:
                    return self.commands.setdefault(name, build(name, made))
        self.commands = {name: build(name, made) for name, _, made in registered()}
        return None

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print the page without building any command."""
        rows: list[Row] = [(name, text) for name, text, _ in registered()]
        print_page(self, ctx, rows)


@contextmanager
def _interrupt_as_error() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as stopped:
        raise render.from_unforeseen(stopped) from stopped


def registered() -> list[tuple[str, str, typer.Typer]]:
    """Return the entries of all modules, in the order of MODULES."""
    return [entry for module in MODULES for entry in entries(module)]


@cache
def entries(module: str) -> list[tuple[str, str, typer.Typer]]:
    """Return name, help and a Typer app of its own for each command and group that a module registers."""
    scratch = typer.Typer()
    import_module(f"sportsplat.cli.commands.{module}").register(scratch)
    found = []
    for info in scratch.registered_commands:
        alone = typer.Typer(add_completion=False)
        alone.registered_commands.append(info)
        text = info.callback.__doc__ if info.callback else None
        found.append((str(info.name), first_line(text), alone))
    for group in scratch.registered_groups:
        if group.typer_instance is not None:
            text = str(group.typer_instance.info.help)
            found.append((str(group.name), first_line(text), group.typer_instance))
    return found


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
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        output.write_answer(f"sportsplat {__version__}\n")
        raise typer.Exit


_VERSION = inspect.Parameter(
    "version",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ],
)


def _options(**_: Any) -> None:
    """Take the options that stand before a command."""


app.callback(help=SUMMARY)(render.with_common_flags(_options, _VERSION))


def _explained(problem: BaseException) -> tuple[str, SportsplatError]:
    """Return the command's name and our error: what Typer could not parse, or a bug outside the command."""
    if not isinstance(problem, typer.TyperException):
        return "", render.from_unforeseen(problem)
    context = getattr(problem, "ctx", None)
    asked = "sportsplat" if context is None else context.command_path
    message = " ".join(problem.format_message().split()).replace(": Value error, ", ": ")
    return (
        "" if context is None else render.command_name(context),
        UsageError(message, fix=f"{asked} --help"),
    )


def _leave(code: int) -> None:
    gc.freeze()  # the last collection would look at everything once more: a tenth of a short command's time
    try:
        sys.stdout.flush()
    except OSError:
        output.abandon_stdout()
    sys.exit(code)
