"""80 columns are what pipes, cron and mail have: there every table can be read, and nothing of it is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sportsplat.cli.views.quality import show_conflicts
from sportsplat.cli.views.sync import show_sync
from sportsplat.db.write.staging import Tally
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.ingest.sync import SourceReport, Status, SyncReport
from sportsplat.jobs.quality import ConflictReport
from sportsplat.quality.facts import Conflict, ConflictTotal
from tests.conftest import Database, _scratch
from tests.own_league import write_own_league
from tests.program import Ran, run

Call = Callable[..., Ran]
CODE = "highland-and-islands-league"
CLUBS = (
    "Inverness Caledonian Thistle",
    "Borussia Mönchengladbach",
    "Wolverhampton Wanderers",
    "Deportivo [/b] La Coruña",
    "Brighton & Hove Albion",
    "1. FC Köln [uk]",
    "Llanfairpwllgwyngyllgogerychwyrndrobwyll",
    "Heart of Midlothian",
    "Queen of the South",
    "Hamilton Academical",
)
MAPPING = f"""
league: {CODE}
rows: matches
date: date
home: home
away: away
home_score: home_goals
away_score: away_goals
quotes:
- bookmaker: {{value: a-bookmaker-of-a-long-name}}
  odds: {{home: home_odds, draw: draw_odds, away: away_odds}}
- bookmaker: {{value: a-bookmaker-of-a-long-name}}
  odds: {{home: close_home, draw: close_draw, away: close_away}}
  closing: {{value: true}}
"""
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def call(postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """A project with a league of long names, two models, a row in quarantine, and matches to come."""
    folder: Path = tmp_path_factory.mktemp("a-project-whose-folder-has-a-long-name")
    file = folder / "results-and-prices-of-the-highland-and-islands-league.csv"
    write_own_league(file, TODAY, clubs=CLUBS)
    with file.open("a", encoding="utf-8") as more:
        more.write(f"{TODAY - timedelta(days=300)},{CLUBS[0]},{CLUBS[0]},1,1,2.0,3.0,4.0,,,\n")
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    with _scratch(postgres, template=migrated) as database:
        yield _prepared(folder, database)


def _prepared(folder: Path, database: Database) -> Call:
    url = database.endpoint.url(reveal=True)

    def sportsplat(*words: str) -> Ran:
        return run(folder, *words, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external", COLUMNS="80")

    added = ("--sport", "soccer", "--season-start", "01-01", "--season-end", "12-31")
    assert (
        sportsplat("leagues", "add", CODE, *added, "--bookmaker", "a-bookmaker-of-a-long-name").exit_code == 0
    )
    for words in (
        ("ingest", "table", next(folder.glob("*.csv")).name, "--mapping", "mapping.yaml"),
        ("train", CODE, "--model", "elo"),
        ("train", CODE),
        ("backtest", CODE, "--model", "elo"),
        ("predict", CODE),
        ("db", "backup"),
    ):
        done = sportsplat(*words)
        assert done.exit_code == 0, (words, done.stderr)
    return sportsplat


COMMANDS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("leagues",), (CODE, "365", "seasons", "matches", str(TODAY + timedelta(days=2)))),
    (("sources",), ("fivethirtyeight-checking-our-work", "sportsbookreview")),
    (("teams", "list", CODE), CLUBS),
    (("models", "list"), (CODE, "elo", "gbm", "360", "matches", "trained")),
    (("models", "show", "2"), ("accuracy", "base rate", "market", "parameters")),
    (("models", "compare", "1", "2"), ("accuracy", "Brier")),
    (("predict", CODE), (*CLUBS, str(TODAY + timedelta(days=2)), "fair odds", "offered", "edge")),
    (("predict",), CLUBS),
    (("backtest", CODE, "--model", "elo"), ("accuracy", "base rate", "market", "profit", "staked")),
    (("data", "matches", CODE), (*CLUBS[:3], "home", "score", "of 365 matches")),
    (("data", "quotes"), (CODE, "a-bookmaker-of-a-long-name", "closing", "odds")),
    (("data", "predictions", CODE), (*CLUBS[:3], "draw", "predictions")),
    (("data", "bets", CODE, "--limit", "60"), ("a-bookmaker-of-a-long-name", "stake", "profit", "bets")),
    (("data", "quality", CODE), ("quarantine", "season", "matches")),
    (
        (
            "ingest",
            "table",
            "results-and-prices-of-the-highland-and-islands-league.csv",
            "--mapping",
            "mapping.yaml",
        ),
        (CODE, "unchanged", "quarantined", "365"),
    ),
    (("quarantine", "list"), ("reason", "same-team", "table")),
    (("runs", "list"), (CODE, "table", "done", str(TODAY))),
    (("runs", "show", "1"), (CODE, "matches", "unchanged")),
    (("runs", "undo", "1", "--dry-run", "--with-predictions"), ("removed", "quotes", "restored")),
    (("config", "show"), ("sources.requests_per_minute", "SPORTSPLAT_INFRA__BACKEND")),
    (("config", "explain", "sources.nflverse_url"), ("default",)),
    (("db", "backups"), ("not verified", str(TODAY))),
    (("doctor",), ("server_version", "time_zones")),
    (("status",), ("running",)),
]


@pytest.mark.parametrize(("words", "expected"), COMMANDS, ids=lambda value: " ".join(value)[:30])
def test_nothing_is_cut(call: Call, words: tuple[str, ...], expected: tuple[str, ...]) -> None:
    ran = call(*words)
    assert ran.exit_code in (0, 10), ran.stderr
    _check(ran.stdout, expected)


def _check(page: str, expected: tuple[str, ...]) -> None:
    """No line is wider than 80 columns, nothing ends in an ellipsis, and each expected text is there whole.

    A path alone in its line may be longer: it is there to be copied. A text may be wrapped.
    """
    lines = page.splitlines()
    assert [line for line in lines if len(line) > 80 and not (line.startswith("/") and " " not in line)] == []
    assert [line for line in lines if "…" in line.replace("…/", "")] == []
    for text in expected:
        assert _is_there(text, lines), (text, page)


def _is_there(text: str, lines: list[str]) -> bool:
    """Whether the words of a text stand below each other or side by side, at the same place in each line."""
    if any(text in line for line in lines):
        return True
    for start in range(len(lines)):
        column = _starts(lines[start], text)
        for place in column:
            left = text
            for line in lines[start:]:
                part = line[place:]
                taken = next((left[:n] for n in range(len(left), 0, -1) if part.startswith(left[:n])), "")
                if not taken:
                    break
                left = left[len(taken) :].lstrip()
                if not left:
                    return True
    return False


def _starts(line: str, text: str) -> list[int]:
    return [place for place in range(len(line)) if line.startswith(text[:3], place)]


def _drawn(draw: Callable[[Console, Any], None], data: Any) -> str:
    stream = StringIO()
    draw(Console(file=stream, width=80, color_system=None), data)
    return stream.getvalue()


def test_contradictions_are_not_cut() -> None:
    source, holder = "fivethirtyeight-checking-our-work", "sportsbookreview"
    one = Conflict(
        match_id=1,
        season=2026,
        match_date=date(2026, 11, 30),
        home=CLUBS[3],
        away=CLUBS[0],
        source=source,
        field="score",
        said="104:103",
        holder=holder,
        holds="122:117",
    )
    totals = [ConflictTotal(source, holder, "score", 1234)]
    data = ConflictReport(CODE, 1234, totals, [one], ["nba-stats", source])
    names = (CLUBS[3], CLUBS[0], "2026-11-30", "122:117 from sportsbookreview", source, "1,234")
    _check(_drawn(show_conflicts, data), names)


def test_what_a_sync_did_is_not_cut() -> None:
    counts = Tally(1234, 56, 789)
    row = SourceReport(
        league=CODE,
        source="fivethirtyeight-soccer-spi",
        status=Status.FAILED,
        reason=f"{CLUBS[3]}: no answer in 30 s",
        since=date(2026, 8, 1),
        until=date(2026, 8, 31),
        files=3,
        matches=counts,
        quotes=counts,
        quarantined=12,
        seconds=31.5,
    )
    report = SyncReport([CODE], [row], 1)
    _check(_drawn(show_sync, report), (CODE, "failed", "1,234 new", "31.5", "quarantine"))
