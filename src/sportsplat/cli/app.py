"""The `sportsplat` program: every command group, and one way out for every error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from sportsplat import __version__
from sportsplat.cli import config, environment, output, render
from sportsplat.errors import SportsplatError, UsageError


class Program(TyperGroup):
    """Typer's group, with errors in our shape and usage errors as JSON when --json is asked."""

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


app = typer.Typer(
    name="sportsplat",
    cls=Program,
    help="From an empty machine to an honest, market-scored forecasting model for sports matches.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        output.write_answer(f"sportsplat {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """From an empty machine to an honest, market-scored forecasting model for sports matches."""


MODULES = (
    environment,
    config,
    # db,
    # data,
    # modelling,
    # backtest,
    # serve,
)
for _module in MODULES:
    _module.register(app)


def main() -> None:
    """Run the program on `sys.argv` and exit with the code of CLI's contract."""
    app()


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
