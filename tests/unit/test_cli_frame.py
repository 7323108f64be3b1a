"""What every command owes: one answer, the envelope, exit codes, no traceback, no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import pytest
import typer

from sportsplat import errors
from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.main import Program, app, registered
from sportsplat.error_codes import CODES
from sportsplat.redact import remember

ENVELOPE = {"schema_version", "ok", "command", "data", "error", "duration_ms"}
ERROR = {"code", "message", "cause", "fix", "retryable"}
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command line in this process: exit code, stdout, stderr."""

    def run(*words: str, program: typer.Typer = app) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            program(list(words))
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return run


class _Trial(Program):
    """The program with commands of the test's own."""

    list_commands = typer.core.TyperGroup.list_commands
    get_command = typer.core.TyperGroup.get_command


def program_of(function: Callable[..., Answer | None], *, name: str = "act") -> typer.Typer:
    made = typer.Typer(cls=_Trial, add_completion=False)
    made.callback()(lambda: None)
    inner = group(made, "trial", "Commands under test.")
    command(inner, name)(function)
    return made


def failing(error: BaseException) -> typer.Typer:
    def act(ctx: Run) -> Answer:
        """Fail."""
        raise error

    return program_of(act)


def all_error_classes(root: type[errors.SportsplatError] = errors.SportsplatError) -> list[Any]:
    """Return the tree of errors.py; a class elsewhere that makes its own words is an error of that tree."""
    children = [child for child in root.__subclasses__() if child.__module__ == errors.__name__]
    return [root, *(found for child in children for found in all_error_classes(child))]


def test_an_answer_goes_to_stdout_and_notes_to_stderr(call: Call) -> None:
    def act(ctx: Run, name: Annotated[str, typer.Argument()], times: int = 1) -> Answer:
        """Greet."""
        ctx.note("working")
        return Answer.text({"greeting": name * times}, f"hello {name * times}")

    greeting = program_of(act)
    assert call("trial", "act", "ann", "--times", "2", program=greeting) == (0, "hello annann\n", "working\n")
    assert call("trial", "act", "ann", "--quiet", program=greeting) == (0, "hello ann\n", "")
    code, out, err = call("trial", "act", "ann", "--json", "--quiet", program=greeting)
    envelope = json.loads(out)
    assert (code, err) == (0, "")
    assert envelope.keys() == ENVELOPE
    assert envelope["duration_ms"] >= 0
    del envelope["duration_ms"]
    assert envelope == {
        "schema_version": 1,
        "ok": True,
        "command": "trial act",
        "data": {"greeting": "ann"},
        "error": None,
    }


def test_a_command_without_an_answer_prints_nothing_but_json(call: Call) -> None:
    def act(ctx: Run) -> None:
        """Do."""

    assert call("trial", "act", program=program_of(act)) == (0, "", "")
    assert json.loads(call("trial", "act", "--json", program=program_of(act))[1])["data"] == {}


@pytest.mark.parametrize("kind", all_error_classes(), ids=lambda kind: kind.__name__)
def test_every_error_leaves_by_its_exit_code(call: Call, kind: type[errors.SportsplatError]) -> None:
    error = kind("it broke", cause="seen 7", fix="sportsplat mend")
    code, out, err = call("trial", "act", program=failing(error))
    assert code == CODES[kind.code].exit_code
    assert out == ""
    assert err == f"error[{kind.code}]: it broke\n  cause: seen 7\n  fix:   sportsplat mend\n"

    code, out, err = call("trial", "act", "--json", program=failing(error))
    envelope = json.loads(out)
    assert (code, err) == (CODES[kind.code].exit_code, "")
    assert envelope.keys() == ENVELOPE
    assert envelope["error"].keys() == ERROR
    assert (envelope["ok"], envelope["data"], envelope["command"]) == (False, None, "trial act")
    assert envelope["error"]["code"] == kind.code
    assert envelope["error"]["retryable"] is CODES[kind.code].retryable


def test_an_unforeseen_error_is_a_bug_of_ours(call: Call) -> None:
    broken = failing(ZeroDivisionError("division by zero"))
    code, out, err = call("trial", "act", program=broken)
    assert (code, out) == (1, "")
    assert "error[INTERNAL]: ZeroDivisionError: division by zero" in err
    assert "--verbose" in err
    assert "Traceback" not in err
    assert json.loads(call("trial", "act", "--json", program=broken)[1])["error"]["code"] == "INTERNAL"


def test_verbose_adds_the_traceback_on_stderr_only(call: Call) -> None:
    code, out, err = call("trial", "act", "--json", "--verbose", program=failing(ZeroDivisionError()))
    assert code == 1
    assert "Traceback" in err
    assert json.loads(out)["error"]["code"] == "INTERNAL"


def test_ctrl_c_is_130(call: Call) -> None:
    code, _, err = call("trial", "act", program=failing(KeyboardInterrupt()))
    assert code == 130
    assert err.startswith("error[INTERRUPTED]")
    code, out, _ = call("trial", "act", "--json", program=failing(KeyboardInterrupt()))
    assert (code, json.loads(out)["error"]["code"]) == (130, "INTERRUPTED")


@pytest.mark.parametrize("flags", [(), ("--json",), ("--verbose",), ("--json", "--verbose")])
def test_no_secret_leaves_by_any_way(call: Call, flags: tuple[str, ...]) -> None:
    canary = 'c4n4ry-"frame'
    remember(canary)

    def act(ctx: Run) -> Answer:
        """Leak."""
        ctx.note(f"note {canary}")
        ctx.warn(f"warning {canary}")
        return Answer(
            {"url": f"postgresql://u:{canary}@h/d", canary: [canary]}, lambda out: out.print(canary)
        )

    def fail(ctx: Run) -> NoReturn:
        """Leak in an error."""
        raise RuntimeError(f"with {canary}") from ValueError(canary)

    for function in (act, fail):
        _, out, err = call("trial", "act", *flags, program=program_of(function))
        assert "c4n4ry" not in out + err
        assert "***" in out + err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stauts",), "Did you mean 'status'?"),
        (("config", "chek"), "Did you mean 'check'"),
        (("config", "check", "--jsno"), "--json"),
        (("config", "explain"), "Missing argument 'KEY'"),
        (("--nope",), "No such option: --nope"),
        (("config", "check", "extra"), "unexpected extra argument"),
    ],
)
def test_a_usage_error_is_two_and_explains(call: Call, words: tuple[str, ...], said: str) -> None:
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.startswith("error[USAGE]")
    assert said in err
    assert re.search(r"fix: +sportsplat.* --help", err)

    code, out, err = call(*words, "--json")
    envelope = json.loads(out)
    assert (code, err) == (2, "")
    assert envelope.keys() == ENVELOPE
    assert envelope["error"]["code"] == "USAGE"
    assert said in envelope["error"]["message"]


def test_the_command_of_a_usage_error_is_named(call: Call) -> None:
    assert json.loads(call("config", "explain", "--json")[1])["command"] == "config explain"


def test_version(call: Call) -> None:
    code, out, err = call("--version")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"sportsplat \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize("words", [(), ("config",)])
def test_no_command_prints_the_help_and_is_a_usage_error(call: Call, words: tuple[str, ...]) -> None:
    code, out, err = call(*words)
    assert (code, err) == (2, "")
    assert "Commands" in out


def every_command() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, _, made in registered():
        built = typer.main.get_command(made)
        inner = getattr(built, "commands", None)
        found.extend([(name,)] if inner is None else [(name, sub) for sub in inner])
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_has_help_and_the_common_flags(call: Call, words: tuple[str, ...]) -> None:
    code, out, err = call(*words, "--help")
    assert (code, err) == (0, "")
    for flag in ("--json", "--profile", "--project-dir", "--quiet", "--verbose", "--no-color"):
        assert flag in out
    described = out.split("Usage:")[1].split("\n\n")[1].strip()
    assert described.endswith(".")
    assert len(described) > 10


def test_the_root_help_names_every_command_with_its_first_line(call: Call) -> None:
    _, out, _ = call("--help")
    for name, text, _ in registered():
        assert re.search(rf"│ {re.escape(name)} +{re.escape(text[:20])}", out)


def test_help_has_no_control_codes_when_piped(call: Call) -> None:
    assert "\x1b" not in call("config", "--help")[1]


def test_flags_reach_the_settings(call: Call, project_dir: Path) -> None:
    (project_dir / ".sportsplat").mkdir()

    def act(ctx: Run, port: int | None = None) -> Answer:
        """Show the port."""
        return Answer({"port": ctx.settings({"api.port": port}).api.port})

    shown = program_of(act)
    assert json.loads(call("trial", "act", "--json", program=shown)[1])["data"] == {"port": 8000}
    assert json.loads(call("trial", "act", "--port", "9", "--json", program=shown)[1])["data"] == {"port": 9}
    code, out, _ = call("trial", "act", "--profile", "none", "--json", program=shown)
    assert (code, json.loads(out)["error"]["code"]) == (3, "UNKNOWN_PROFILE")


def test_the_further_lines_of_a_cause_stand_under_its_first(call: Call) -> None:
    error = errors.EnvironmentUnavailable("none answers", cause="tried:\nhere\nthere", fix="start one")
    err = call("trial", "act", program=failing(error))[2]
    assert err.splitlines()[1:4] == ["  cause: tried:", "         here", "         there"]


def test_a_value_that_is_none_of_the_choices_is_refused_in_plain_words(call: Call) -> None:
    code, _, err = call("up", "--backend", "podman")
    assert code == 2
    assert "Invalid value for '--backend': 'podman' is not one of" in err
