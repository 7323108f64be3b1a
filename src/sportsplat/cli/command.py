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
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from sportsplat.cli import output
from sportsplat.cli.complete import profiles
from sportsplat.cli.help import HelpfulCommand, HelpfulGroup
from sportsplat.errors import EnvironmentUnavailable, SportsplatError
from sportsplat.paths import PROJECT_VARIABLE, find_project, require_project
from sportsplat.redact import redact

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.config.settings import Settings
    from sportsplat.progress import Progress

Function = TypeVar("Function", bound=Callable[..., Any])
ProjectUse = Literal["needed", "started", "optional"]
"""What a command does where there is no project: say so, start one there, or work without one."""

_PANEL = "Common"
_SERVER_DISK_FULL = "53100"
_COMMAND = re.compile(r"\bsportsplat (?=[a-z])")
_NEXT = re.compile(r"\b[Nn]ext: .*")
_FLAGS: dict[str, Any] = {
    "as_json": Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.", rich_help_panel=_PANEL)
    ],
    "profile": Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Overlay config/settings.NAME.yaml.",
            rich_help_panel=_PANEL,
            autocompletion=profiles,
        ),
    ],
    "project_dir": Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The project folder. Default: this folder, or the nearest project above it.",
            rich_help_panel=_PANEL,
        ),
    ],
    "quiet": Annotated[
        bool, typer.Option("--quiet", help="No progress and no notes.", rich_help_panel=_PANEL)
    ],
    "verbose": Annotated[
        bool,
        typer.Option("--verbose", help="Print logs, and a traceback with an error.", rich_help_panel=_PANEL),
    ],
    "no_color": Annotated[
        bool, typer.Option("--no-color", help="No colours (as NO_COLOR=1).", rich_help_panel=_PANEL)
    ],
}
_DEFAULTS = {name: None if name in ("profile", "project_dir") else False for name in _FLAGS}
_COMMON = tuple(
    inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=_DEFAULTS[name],
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
    exit_code: int = 0
    """Of an answer that is whole and yet says no to what was asked (`status --exit-code`)."""

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
    project_dir: Path | None = None
    project_use: ProjectUse = "needed"
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    started: float = field(default_factory=time.perf_counter)
    _settings: Settings | None = None

    def settings(
        self, overrides: Mapping[str, Any] | None = None, *, project: ProjectUse | None = None
    ) -> Settings:
        """Load the settings once; `overrides` are flags by dotted key (None: not given).

        project: what to do without a project; default: what the command does. Raises what `find_folder` does.
        """
        if self._settings is None or overrides:
            from sportsplat.config.load import load_settings

            folder = self.find_folder(project)
            self._settings = load_settings(project_dir=folder, profile=self.profile, overrides=overrides)
        return self._settings

    def find_folder(self, project: ProjectUse | None = None) -> Path:
        """Return the project folder. Raises ConfigError (NO_PROJECT) when one is needed and there is none."""
        use = project or self.project_use
        found = find_project(self.project_dir)
        if use == "needed":
            require_project(found)
        if self.verbose or (use == "started" and found.how == "above"):
            here = "" if found.exists else " (no project yet)"
            self.note(f"project: {found.folder}{here}")
        return found.folder

    def page(self, *, reveal: bool = False) -> AbstractContextManager[Console]:
        """Return a `with` block that yields a console whose text goes to stdout when the block ends well."""
        return output.draw_page(no_color=self.no_color, reveal=reveal, edit=self.repeat_project)

    def repeat_project(self, text: str) -> str:
        """Return a text whose next commands (`next: sportsplat …`) have the --project-dir that was given."""
        return _NEXT.sub(lambda found: _with_project(found[0], self.project_dir), text)

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
        self.console.print(redact(f"warning: {self.repeat_project(text)}"), markup=False, soft_wrap=True)

    def progress_if_used(self) -> AbstractContextManager[Progress]:
        """Return a `with` block like that of `progress`, which shows nothing until a job reports."""
        from sportsplat.cli.progress import open_when_used

        return open_when_used(self.progress)

    def progress(self, description: str, total: float | None = None) -> AbstractContextManager[Progress]:
        """Return a `with` block that shows progress on stderr and yields what a job reports to."""
        from sportsplat.cli.progress import open_progress

        return open_progress(description, total, console=None if self.quiet else self.console)


def group(app: typer.Typer, name: str, text: str, cls: type[HelpfulGroup] = HelpfulGroup) -> typer.Typer:
    """Add and return a group of commands (`sportsplat NAME ...`); without a command it prints its help."""
    made = typer.Typer(help=text, no_args_is_help=True, cls=cls, add_completion=False)
    made.callback(help=text)(with_common_flags(_nothing))
    app.add_typer(made, name=name)
    return made


def _nothing(**_: Any) -> None:
    """Stand as a group's own callback: with one, Typer keeps a group of a single command a group."""


def with_common_flags(function: Callable[..., None], *own: inspect.Parameter) -> Callable[..., None]:
    """Return a callback of a group, or of the program, that takes the common flags before a command.

    The command reads them from its context: see `_common_flags`. own: further parameters.
    """

    def take(**arguments: Any) -> None:
        function(**arguments)

    take.__doc__ = function.__doc__
    _declare(take, (*own, *_COMMON))
    return take


def _declare(function: Callable[..., None], parameters: Iterable[inspect.Parameter]) -> None:
    """Let Typer see these parameters."""
    listed = list(parameters)
    function.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in listed}


def _common_flags(context: typer.Context) -> dict[str, Any]:
    """Return the common flags of a command: each as given nearest to it, before or after its name."""
    found: dict[str, Any] = {}
    here: Any = context
    while here is not None:
        for flag in _FLAGS:
            found[flag] = found.get(flag) or here.params.get(flag)
        here = here.parent
    return {flag: _DEFAULTS[flag] if value is None else value for flag, value in found.items()}


def command(
    app: typer.Typer, name: str, *, project: ProjectUse = "needed", **options: Any
) -> Callable[[Function], Function]:
    """Register a function `(ctx: Run, ...) -> Answer | None` as a command with the common flags.

    Its other parameters are Typer's. project: what it does where there is no project, once it asks for the
    settings. `options` go to `typer.Typer.command`. Returns the function as it was.
    """

    def register(function: Function) -> Function:
        own = inspect.signature(function, eval_str=True)
        parameters = list(own.parameters.values())[1:]

        def run(_context: typer.Context, **arguments: Any) -> None:
            for flag in _FLAGS:
                arguments.pop(flag)
            common = _common_flags(_context)
            ctx = Run(
                name=command_name(_context),
                json=common.pop("as_json"),
                project_use=project,
                started=_context.obj if isinstance(_context.obj, float) else time.perf_counter(),
                **common,
            )
            raise typer.Exit(_execute(ctx, function, arguments))

        keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        run.__doc__ = function.__doc__
        run.__name__ = getattr(function, "__name__", name)
        _declare(run, (_CONTEXT, *keyword_only, *_COMMON))
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
        _refuse_lost_folder()
        with _named_project(ctx.project_dir):
            answer = function(ctx, **arguments) or Answer()
        _emit(ctx, answer)
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except (Exception, KeyboardInterrupt) as problem:
        if ctx.verbose:
            print_traceback(problem)
        error = from_unforeseen(problem)
        if error.fix is not None:
            error.fix = _with_project(error.fix, ctx.project_dir)
        return report(error, name=ctx.name, as_json=ctx.json, started=ctx.started, no_color=ctx.no_color)
    return answer.exit_code


@contextmanager
def _named_project(folder: Path | None) -> Iterator[None]:
    """Let --project-dir hold for all that this process does, and for the processes that it starts."""
    if folder is None:
        yield
        return
    before = os.environ.get(PROJECT_VARIABLE)
    os.environ[PROJECT_VARIABLE] = str(folder.expanduser().absolute())
    try:
        yield
    finally:
        del os.environ[PROJECT_VARIABLE]
        if before is not None:
            os.environ[PROJECT_VARIABLE] = before


def _with_project(text: str, folder: Path | None) -> str:
    """Return a text whose commands have the --project-dir that was given, so that they can be copied."""
    if folder is None or "--project-dir" in text:
        return text
    prefix = f"sportsplat --project-dir {quote(str(folder))} "
    return _COMMAND.sub(lambda _: prefix, text)


def _refuse_lost_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError as gone:
        raise EnvironmentUnavailable(
            "the current folder was deleted or replaced, so there is no project here",
            cause="the system no longer knows the path of the folder in which the command was started",
            fix='cd "$PWD" (if it was made again), or cd to the project; then the same command',
            code="FOLDER_GONE",
        ) from gone


def _emit(ctx: Run, answer: Answer) -> None:
    if ctx.json:
        took_s = time.perf_counter() - ctx.started
        envelope = output.to_envelope(ctx.name, took_s, data=answer.data, reveal=answer.reveal)
        output.write_json(envelope, reveal=answer.reveal)
    elif answer.show is not None:
        with ctx.page(reveal=answer.reveal) as page:
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
