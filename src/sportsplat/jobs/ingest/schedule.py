"""Schedule: a cron line and systemd units that keep leagues up to date every day. Nothing is installed.

A project needs no `flock` around them: a sync holds a lock of its own, and a second one ends at once.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.errors import ConfigError, EnvironmentUnavailable, MigrationError, UsageError
from sportsplat.infra.state_folder import StateFolder
from sportsplat.jobs.ingest.sync import nothing_to_sync, stored_leagues
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context

KINDS = ("cron", "systemd", "both")
UNIT = "sportsplat-sync"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_PLAIN = re.compile(r"[\w@+=:,./-]+", re.ASCII)


@dataclass(frozen=True)
class SyncSchedule(Result):
    """What is printed: `cron` is one line of a crontab, `service` and `timer` the text of two unit files."""

    leagues: list[str]
    at: str
    commands: list[list[str]]
    folder: str
    log: str
    cron: str | None
    service: str | None
    timer: str | None
    text: str


class Daily(NamedTuple):
    """What is to be done every day, and where; training is done once a week, on Monday."""

    hour: int
    minute: int
    folder: Path
    log: Path
    up: list[str]
    sync: list[str]
    training: list[list[str]]
    predictions: list[list[str]]

    @property
    def commands(self) -> list[list[str]]:
        """All of them, in their order."""
        return [self.up, self.sync, *self.training, *self.predictions]


def schedule(
    context: Context,
    leagues: Sequence[str] = (),
    *,
    at: str = "07:00",
    days: int = 7,
    kind: str = "both",
    profile: str | None = None,
) -> SyncSchedule:
    """Write the schedule of leagues (default: all with stored matches) at a time of day of this machine.

    Makes the folder of the log, which neither cron nor systemd would make; nothing else is changed.

    Raises:
        UsageError: no time of day (BAD_TIME), no such kind, or no league is named and none known.
        NotFound: no such league. ConfigError: a path with a line break, which neither could hold.
    """
    found = _TIME.fullmatch(at)
    if not found:
        raise UsageError(
            f"{at!r} is no time of day", code="BAD_TIME", cause="--at", fix="sportsplat schedule --at 07:00"
        )
    if kind not in KINDS:
        raise UsageError(
            f"there is no kind {kind!r}", cause=f"--kind is one of {', '.join(KINDS)}", fix="--kind both"
        )
    codes = [context.league(code).code for code in dict.fromkeys(leagues)] or _stored(context)
    program = own_program()
    profiled = ["--profile", profile] if profile else []
    daily = Daily(
        int(found[1]),
        int(found[2]),
        context.settings.project_dir,
        StateFolder(context.settings.state_dir).sync_log,
        [*program, "up", "--quiet", *profiled],
        [*program, "sync", *codes, "--days", str(days), "--quiet", *profiled],
        [[*program, "train", code, "--quiet", *profiled] for code in codes],
        [[*program, "predict", code, "--days", str(days), "--quiet", *profiled] for code in codes],
    )
    _refuse_line_breaks(daily)
    daily.log.parent.mkdir(parents=True, exist_ok=True)
    cron = cron_line(daily) if kind != "systemd" else None
    service, timer = (service_unit(daily), timer_unit(daily)) if kind != "cron" else (None, None)
    return SyncSchedule(
        leagues=codes,
        at=f"{daily.hour:02}:{daily.minute:02}",
        commands=daily.commands,
        folder=str(daily.folder),
        log=str(daily.log),
        cron=cron,
        service=service,
        timer=timer,
        text=_page(cron, service, timer),
    )


def own_program() -> list[str]:
    """Return the words that start this very program, from any folder."""
    script = Path(sys.executable).with_name("sportsplat")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "sportsplat"]


def cron_line(daily: Daily) -> str:
    """Return the line of a crontab: quoted for the shell, and then `%`, which cron takes for a line break.

    cron mails what a failed command prints.
    """
    log = shlex.quote(str(daily.log))
    failed = shlex.quote(f"sportsplat: the daily run in {daily.folder} failed; {daily.log} says why")
    command = (
        f"cd {shlex.quote(str(daily.folder))} && ( {script(daily)} ) >> {log} 2>&1"
        f" || {{ echo {failed} >&2; exit 1; }}"
    )
    return f"{daily.minute} {daily.hour} * * * " + command.replace("%", "\\%")


def script(daily: Daily) -> str:
    """Return what a shell does every day, its time first; its exit code is not 0 when a command failed.

    Each league is trained and predicted whatever becomes of the others, once the sync ended well.
    """
    monday = '[ "$(date +%u)" != 1 ]'
    weekly = "".join(f"{monday} || {shlex.join(words)} || failed=1; " for words in daily.training)
    each_day = "".join(f"{shlex.join(words)} || failed=1; " for words in daily.predictions)
    return (
        f"date -u '+%Y-%m-%d %H:%M:%S UTC'; {shlex.join(daily.up)} && {shlex.join(daily.sync)}"
        f" && {{ failed=0; {weekly}{each_day}exit $failed; }}"
    )


def service_unit(daily: Daily) -> str:
    """Return the text of the service: it ends when the work is done, and the timer starts it again.

    When a command failed the unit has failed, too: `systemctl --user --failed` lists it.
    """
    return "\n".join(
        [
            "[Unit]",
            "Description=sportsplat: fetch results and prices, forecast upcoming matches",
            "Wants=network-online.target",
            "After=network-online.target",
            "",
            "[Service]",
            "Type=oneshot",
            f"WorkingDirectory={_systemd_path(daily.folder)}",
            f"ExecStart={_systemd_words(['/bin/sh', '-c', script(daily)])}",
            f"StandardOutput=append:{_systemd_path(daily.log)}",
            f"StandardError=append:{_systemd_path(daily.log)}",
            "",
        ]
    )


def timer_unit(daily: Daily) -> str:
    """Return the text of the timer; a day on which the machine was off is made up for."""
    return "\n".join(
        [
            "[Unit]",
            f"Description=sportsplat every day at {daily.hour:02}:{daily.minute:02}",
            "",
            "[Timer]",
            f"OnCalendar=*-*-* {daily.hour:02}:{daily.minute:02}:00",
            "RandomizedDelaySec=120",
            "Persistent=true",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        ]
    )


def _systemd_words(words: Sequence[str]) -> str:
    """Return a command as ExecStart takes it: `%` and `$` doubled, words with anything special quoted."""
    return " ".join(_systemd_word(word) for word in words)


def _systemd_word(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _systemd_path(path: Path) -> str:
    """Return a path as settings that take one whole line: nothing is quoted, and only `%` is special."""
    return str(path).replace("%", "%%")


def _stored(context: Context) -> list[str]:
    """Return the codes of leagues with stored matches. Raises UsageError where none is known."""
    try:
        with closing(context.connect("read", autocommit=True)) as conn:
            return [league.code for league in stored_leagues(context, conn, "schedule")]
    except (EnvironmentUnavailable, MigrationError) as unavailable:
        why = f"what is stored is not known: {unavailable.message}"
        raise nothing_to_sync("schedule", why) from unavailable


def _refuse_line_breaks(daily: Daily) -> None:
    for text in (str(daily.folder), str(daily.log), *daily.sync):
        if any(not letter.isprintable() for letter in text):
            raise ConfigError(
                "neither cron nor systemd can hold a path with a line break or a control character",
                code="BAD_PATH",
                cause=repr(text),
                fix="move the project into another folder",
            )


def _page(cron: str | None, service: str | None, timer: str | None) -> str:
    parts = []
    if cron:
        parts.append(f"# crontab -e, then add:\n{cron}\n")
    if service and timer:
        folder = "~/.config/systemd/user"
        parts.append(f"# {folder}/{UNIT}.service\n{service}")
        parts.append(f"# {folder}/{UNIT}.timer\n{timer}")
        parts.append(f"# systemctl --user daemon-reload && systemctl --user enable --now {UNIT}.timer\n")
    return "\n".join(parts)
