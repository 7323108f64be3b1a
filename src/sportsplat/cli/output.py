"""What leaves the program: the JSON envelope, the human answer, errors. All of it passes the redactor."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any, TextIO, cast

from sportsplat.errors import EnvironmentUnavailable, SportsplatError
from sportsplat.plain_values import to_plain
from sportsplat.redact import redact, redact_data

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA_VERSION = 1
OUTPUT_FAILED = "OUTPUT_FAILED"
_answered: list[bool] = []
PIPED_WIDTH = 80  # columns of what goes to a file, a pipe, cron or mail, unless COLUMNS says otherwise


class InterruptError(SportsplatError):
    """Ctrl-C."""

    code = "INTERRUPTED"


class InternalError(SportsplatError):
    """A bug of ours."""

    code = "INTERNAL"


def to_envelope(
    command: str,
    duration_s: float,
    *,
    data: Mapping[str, Any] | None = None,
    error: SportsplatError | None = None,
    reveal: bool = False,
) -> dict[str, Any]:
    """Return the one JSON object of a command: `data` (redacted unless `reveal`) or the `error` object."""
    answer = data or {} if error is None else error.data
    plain = to_plain(answer)
    return {
        "schema_version": SCHEMA_VERSION,
        "ok": error is None,
        "command": command,
        "data": plain if reveal or plain is None else redact_data(plain),
        "error": None if error is None else redact_data(to_plain(error.to_dict())),
        "duration_ms": round(duration_s * 1000),
    }


def write_json(envelope: Mapping[str, Any], *, reveal: bool = False) -> None:
    """Print the envelope on stdout, one line."""
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    write_answer(json.dumps(envelope, ensure_ascii=ascii_only, allow_nan=False) + "\n", reveal=reveal)


def write_answer(text: str, *, reveal: bool = False) -> None:
    """Write to stdout, redacted unless `reveal`.

    A reader that has gone away (`| head`) ends the output quietly. Raises EnvironmentUnavailable when
    stdout cannot take it (a full disk).
    """
    _answered.append(True)
    try:
        sys.stdout.write(_encodable(text if reveal else redact(text)))
        sys.stdout.flush()
    except BrokenPipeError:
        abandon_stdout()
    except OSError as failed:
        abandon_stdout()
        raise EnvironmentUnavailable(
            "the answer could not be written to stdout",
            cause=str(failed),
            fix="make room or choose another place for the output, and run the command again",
            code=OUTPUT_FAILED,
        ) from failed


def closed_stdout() -> EnvironmentUnavailable:
    """Return the error for a command whose caller closed stdout: nothing was done."""
    return EnvironmentUnavailable(
        "standard output is closed, so there is no place for the answer; nothing was done",
        cause="the command was started with >&-, or by a program that closed it",
        fix="the same command with > FILE, or > /dev/null if it is not needed",
        code=OUTPUT_FAILED,
    )


def has_answered() -> bool:
    """Whether an answer, or a part of one, was written to stdout."""
    return bool(_answered)


@contextmanager
def draw_page(
    *, no_color: bool = False, reveal: bool = False, edit: Callable[[str], str] = str
) -> Iterator[Console]:
    """Yield a console like stdout's; what is drawn on it is written at once when the block ends well.

    edit: changes the text before it is written.
    """
    drawn = _Page(sys.stdout)
    yield make_console(drawn, color=wants_color(sys.stdout, no_color=no_color), reveal=reveal)
    write_answer(edit(drawn.getvalue()), reveal=reveal)


class _Page(StringIO):
    """A text in memory that answers Rich's questions as `stream` would."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def isatty(self) -> bool:
        return self._stream.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding or "utf-8"


def _encodable(text: str) -> str:
    """Return the text with `?` for what stdout's encoding does not have."""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def abandon_stdout() -> None:
    """Let what is still to be written to stdout vanish, so that the interpreter's last flush is silent."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def write_error(error: SportsplatError, *, color: bool) -> None:
    """Print code, what happened, where it came from and the next command on stderr."""
    name = f"error[{error.error_code}]"
    lines = [f"{_red(name) if color else name}: {error.message}"]
    if error.cause:
        lines.append(f"  cause: {_indented(error.cause)}")
    if error.fix:
        lines.append(f"  fix:   {_indented(error.fix)}")
    with suppress(OSError):
        sys.stderr.write(redact("\n".join(lines) + "\n"))
        sys.stderr.flush()


def _indented(text: str) -> str:
    """Put the further lines of a text under its first one."""
    return text.replace("\n", "\n" + " " * len("  cause: "))


def make_console(stream: TextIO, *, color: bool, reveal: bool = False) -> Console:
    """Return a Rich console, redacting unless `reveal`; control codes only with `color` on a terminal.

    It prints every text as it is: `[/b]` in a name is no markup and `:star:` no emoji. What is to be styled
    is a `Text` with its style.
    """
    from rich.console import Console

    terminal = stream.isatty()
    return Console(
        file=stream if reveal else cast(TextIO, RedactingStream(stream)),
        color_system="auto" if color and terminal else None,
        force_terminal=terminal and color,
        no_color=not color,
        width=None if terminal or "COLUMNS" in os.environ else PIPED_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


class RedactingStream:
    """A text stream that masks secrets in each piece written to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the redacted text; report the length asked for, as callers expect."""
        self._stream.write(redact(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def wants_color(stream: TextIO, *, no_color: bool) -> bool:
    """Whether to colour: a terminal, not switched off by flag, `NO_COLOR` or `TERM=dumb`."""
    return (
        stream.isatty()
        and not no_color
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def _red(text: str) -> str:
    return f"\x1b[1;31m{text}\x1b[0m"
