"""The frame of every command: common flags, settings on demand, one answer, errors with their exit codes.

@command(app, "status")
def status(ctx: Run) -> Answer:
    from sportsplat.jobs.environment import status as run

    data = run(ctx.settings())
    return Answer(data, show=lambda console: console.print(data["state"]))
"""

from __future__ import annotations

import errno
import inspect
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sportsplat.cli import output
from sportsplat.cli.help import HelpfulCommand, HelpfulGroup
from sportsplat.errors import EnvironmentUnavailable, SportsplatError
from sportsplat.redact import redact

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.progress import Progress
    from sportsplat.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])

_PANEL = "Common"
_SERVER_DISK_FULL = "53100"
_FLAGS: dict[str, Any] = {
    "as_json": Annotated[bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=_PANEL)],
    "profile": Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Overlay config/settings.NAME.yaml.", rich_help_panel=_PANEL),
    ],
    "quiet": Annotated[bool, typer.Option("--quiet", help="No progress, no notes.", rich_help_panel=_PANEL)],
    "verbose": Annotated[
        bool, typer.Option("--verbose", help="Logs, and a traceback with an error.", rich_help_panel=_PANEL)
    ],
    "no_color": Annotated[
        bool, typer.Option("--no-color", help="No colours (as NO_COLOR=1).", rich_help_panel=_PANEL)
    ],
}
_COMMON = tuple(
    inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None if name == "profile" else False,
        annotation=annotation,
    )
    for name, annotation in _FLAGS.items()
)
_CONTEXT = inspect.Parameter("_context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)


@dataclass(frozen=True)
class Answer:
    """What a command found: JSON-able `data` for programs, and `show` which draws it for people on stdout."""

    data: Mapping[str, Any] = field(default_factory=dict)
    show: Callable[[Console], None] | None = None
    reveal: bool = False
    """Print the secrets in it: the user asked for them by name (`url --reveal`)."""

    @classmethod
    def text(cls, data: Mapping[str, Any], text: str, *, reveal: bool = False) -> Answer:
        """Answer people with plain text, not wrapped and not styled (a URL, SQL)."""
        return cls(data, show=lambda console: console.out(text.rstrip("\n"), highlight=False), reveal=reveal)


@dataclass
class Run:
    """One invocation of one command, as its function sees it."""

    name: str = ""
    json: bool = False
    profile: str | None = None
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    started: float = field(default_factory=time.perf_counter)
    _settings: Settings | None = None

    def settings(self, overrides: Mapping[str, Any] | None = None) -> Settings:
        """Load the settings once; `overrides` are flags by dotted key (None: not given)."""
        if self._settings is None or overrides:
            from sportsplat.settings import load_settings

            self._settings = load_settings(profile=self.profile, overrides=overrides)
        return self._settings

    @cached_property
    def console(self) -> Console:
        """The console of stderr: notes and warnings, never the answer."""
        return output.make_console(sys.stderr, color=output.wants_color(sys.stderr, no_color=self.no_color))

    def note(self, text: str) -> None:
        """Say on stderr what is going on, unless --quiet."""
        if not self.quiet:
            self.console.print(redact(text), markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Say on stderr what the user should know in any case."""
        self.console.print(redact(f"warning: {text}"), markup=False, soft_wrap=True)

    def progress_if_told(self) -> AbstractContextManager[Progress]:
        """Return a `with` block like that of `progress`, which shows nothing until a job reports."""
        from sportsplat.cli.progress import open_when_told

        return open_when_told(self.progress)

    def progress(self, description: str, total: float | None = None) -> AbstractContextManager[Progress]:
        """Return a `with` block that shows progress on stderr and yields what a job reports to."""
        from sportsplat.cli.progress import open_progress

        return open_progress(description, total, console=None if self.quiet else self.console)


def group(app: typer.Typer, name: str, text: str, cls: type[HelpfulGroup] = HelpfulGroup) -> typer.Typer:
    """Add and return a group of commands (`sportsplat NAME ...`); without a command it prints its help."""
    made = typer.Typer(help=text, no_args_is_help=True, cls=cls, add_completion=False)
    made.callback(help=text)(_nothing)
    app.add_typer(made, name=name)
    return made


def _nothing() -> None:
    """Stand as a group's own callback: with one, Typer keeps a group of a single command a group."""


def command(app: typer.Typer, name: str, **options: Any) -> Callable[[Function], Function]:
    """Register a function `(ctx: Run, ...) -> Answer | None` as a command with the common flags.

    Its other parameters are Typer's. `options` go to `typer.Typer.command`. Returns the function as it was.
    """

    def register(function: Function) -> Function:
        own = inspect.signature(function, eval_str=True)
        parameters = list(own.parameters.values())[1:]

        def run(_context: typer.Context, **arguments: Any) -> None:
            common = {flag: arguments.pop(flag) for flag in _FLAGS}
            ctx = Run(
                name=command_name(_context),
                json=common.pop("as_json"),
                started=_context.obj if isinstance(_context.obj, float) else time.perf_counter(),
                **common,
            )
            raise typer.Exit(_execute(ctx, function, arguments))

        keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        run.__doc__ = function.__doc__
        run.__name__ = getattr(function, "__name__", name)
        run.__signature__ = inspect.Signature([_CONTEXT, *keyword_only, *_COMMON])  # type: ignore[attr-defined]
        run.__annotations__ = {
            parameter.name: parameter.annotation for parameter in (*keyword_only, *_COMMON)
        }
        app.command(name, cls=HelpfulCommand, **options)(run)
        return function

    return register


def command_name(context: typer.Context) -> str:
    """Return the command as typed after the program's name: `db migrate`."""
    names = []
    here: Any = context
    while here is not None and here.parent is not None:
        names.append(here.info_name or "")
        here = here.parent
    return " ".join(reversed(names))


def report(
    error: SportsplatError, *, name: str, as_json: bool, started: float, no_color: bool = False
) -> int:
    """Print an error where it belongs (stdout as JSON, else stderr) and return its exit code."""
    if as_json and error.error_code != output.OUTPUT_FAILED:
        output.write_json(output.to_envelope(name, time.perf_counter() - started, error=error))
    else:
        output.write_error(error, color=output.wants_color(sys.stderr, no_color=no_color))
    return error.exit_code


def from_unforeseen(problem: BaseException) -> SportsplatError:
    """Turn anything a command may raise into an error of ours."""
    if isinstance(problem, SportsplatError):
        return problem
    if isinstance(problem, KeyboardInterrupt):
        return output.InterruptError(
            "interrupted",
            cause=str(problem) or None,
            fix="run the same command again; what was stored is whole",
        )
    if _means_full_disk(problem):
        return EnvironmentUnavailable(
            "a disk is full; nothing of the step that met it was kept",
            cause=" ".join(str(problem).split()),
            fix="make room (df -h), then run the same command again",
            code="DISK_FULL",
        )
    return output.InternalError(
        f"{type(problem).__name__}: {problem}",
        cause="an error that sportsplat did not foresee, which makes it a bug of ours",
        fix="run it again with --verbose and report the command, its output and `sportsplat --version`",
    )


def _means_full_disk(problem: BaseException) -> bool:
    """Whether it is an OSError or an error of psycopg's that says so."""
    return getattr(problem, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or (
        getattr(problem, "sqlstate", None) == _SERVER_DISK_FULL
    )


def _execute(ctx: Run, function: Callable[..., Answer | None], arguments: Mapping[str, Any]) -> int:
    try:
        if ctx.verbose:
            _log_to_stderr()
        _emit(ctx, function(ctx, **arguments) or Answer())
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except (Exception, KeyboardInterrupt) as problem:
        if ctx.verbose:
            print_traceback(problem)
        error = from_unforeseen(problem)
        return report(error, name=ctx.name, as_json=ctx.json, started=ctx.started, no_color=ctx.no_color)
    return 0


def _emit(ctx: Run, answer: Answer) -> None:
    if ctx.json:
        took_s = time.perf_counter() - ctx.started
        envelope = output.to_envelope(ctx.name, took_s, data=answer.data, reveal=answer.reveal)
        output.write_json(envelope, reveal=answer.reveal)
    elif answer.show is not None:
        with output.draw_page(no_color=ctx.no_color, reveal=answer.reveal) as page:
            answer.show(page)


def print_traceback(problem: BaseException) -> None:
    """Print a traceback on stderr, redacted."""
    import traceback

    stream = StringIO()
    traceback.print_exception(problem, file=stream)
    output.RedactingStream(sys.stderr).write(stream.getvalue())


def _log_to_stderr() -> None:
    import logging

    from sportsplat.redact import redact_record

    handler = logging.StreamHandler()
    handler.addFilter(redact_record)
    logging.basicConfig(
        level=logging.INFO, handlers=[handler], format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
