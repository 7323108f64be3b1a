"""Sync against real sockets and a real database: what comes is stored, who is down fails alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sportsplat.config.load import load_settings
from sportsplat.db.write.staging import Tally
from sportsplat.errors import NotFound, ResourceConflict, SourcesFailed, UsageError
from sportsplat.infra.lock import exclusive
from sportsplat.infra.state_folder import StateFolder
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.sync import SourceReport, SyncReport, sync
from tests.conftest import Database
from tests.program import run
from tests.scoreboards import event, market, offer, price, scoreboard
from tests.site import Site, gives, serving

HAWKS, BULLS = "Atlanta Hawks", "Chicago Bulls"
NOW = datetime(2024, 1, 16, 12, tzinfo=UTC)  # a Tuesday
NBA = "/espn/basketball/nba/scoreboard"
GAMES = (
    event(HAWKS, BULLS, "2024-01-10T00:30Z", number=1, score=(110, 99)),
    event(BULLS, HAWKS, "2024-01-15T00:30Z", number=2, score=(90, 99)),
    event(HAWKS, BULLS, "2024-01-18T00:30Z", number=3),
)


@dataclass
class Web:
    """Two sites: ESPN and The Odds API, which share one server, and football-data, which is down."""

    site: Site
    games: list[Any] = field(default_factory=lambda: list(GAMES))
    offers: list[Any] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, query = urlsplit(handler.path).path, parse_qs(urlsplit(handler.path).query)
        week = query.get("dates", [""])[0]
        left = {"x_requests_remaining": "400"}
        if path in self.broken or week in self.broken:
            gives(503)(handler)
        elif path == NBA:
            gives(200, scoreboard("nba", *(game for game in self.games if _day(game) in _days(week))))(
                handler
            )
        elif path == "/odds/sports":
            gives(200, b"[]", **left)(handler)
        elif path == "/odds/sports/basketball_nba/odds":
            gives(200, json.dumps(self.offers).encode(), **left)(handler)
        else:
            gives(404)(handler)

    def weeks(self) -> list[str]:
        """Return the weeks of the NBA that were asked for, by their Mondays."""
        asked = [urlsplit(path) for path, _ in self.site.asked]
        return [parse_qs(url.query)["dates"][0][:8] for url in asked if url.path == NBA]


def _day(game: Any) -> str:
    moment = datetime.fromisoformat(game["date"]) - timedelta(hours=5)
    return f"{moment:%Y%m%d}"


def _days(week: str) -> list[str]:
    first, last = (datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC) for text in week.split("-"))
    return [f"{first + timedelta(days=number):%Y%m%d}" for number in range((last - first).days + 1)]


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as site:
        made = Web(site)
        site.answers = [made.answer]
        yield made


@pytest.fixture
def dead() -> str:
    """The address of a site that is down."""
    with serving() as site:
        return site.url


@pytest.fixture
def live(context: Context, web: Web, dead: str) -> Callable[..., Context]:
    """Make the context of a project whose sites are ours."""

    def make(**changes: Any) -> Context:
        sources = {
            "espn_url": f"{web.site.url}/espn",
            "odds_api_url": f"{web.site.url}/odds",
            "football_data_url": dead,
            "nflverse_url": dead,
            "requests_per_minute": 6000,
            "attempts": 1,
            "timeout_s": 5,
            "fresh_s": 0,
        }
        overrides = {f"sources.{name}": value for name, value in (sources | changes).items()}
        settings = load_settings(project_dir=context.settings.project_dir, overrides=overrides, environ={})
        return replace(context, settings=settings)

    return make


def row(report: SyncReport, source: str, league: str = "nba") -> SourceReport:
    (found,) = [row for row in report.sources if (row.source, row.league) == (source, league)]
    return found


def results(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(
            "SELECT match_date, status, home_score, away_score FROM matches ORDER BY match_date"
        ).fetchall()


def test_results_and_fixtures_come_and_a_second_sync_changes_nothing(
    live: Callable[..., Context], database: Database, web: Web
) -> None:
    context = live()
    first = sync(context, ["nba"], since=date(2024, 1, 9), now=NOW)
    assert first.leagues == ["nba"]
    assert first.failed == 0
    came = row(first, "espn")
    assert (came.status, came.files, came.reason) == ("ok", 3, None)
    assert came.matches == Tally(3, 0, 0)
    assert (came.since, came.until) == (date(2024, 1, 9), date(2024, 1, 23))
    assert results(database) == [
        (date(2024, 1, 9), "final", 110, 99),
        (date(2024, 1, 14), "final", 90, 99),
        (date(2024, 1, 17), "scheduled", None, None),
    ]
    assert row(first, "odds-api").status == "skipped"
    assert row(first, "odds-api").reason == "no key: set ODDS_API_KEY in .env"

    again = sync(context, ["nba"], since=date(2024, 1, 9), now=NOW)
    assert row(again, "espn").status == "unchanged"
    assert row(again, "espn").matches == Tally(0, 0, 3)


def test_a_fixture_gets_its_result_from_the_days_before_the_last_one_on(
    live: Callable[..., Context], database: Database, web: Web
) -> None:
    context = live()
    sync(context, ["nba"], since=date(2024, 1, 9), now=NOW)
    web.site.asked.clear()
    rmtree(context.settings.cache_dir)  # these weeks were over when they were fetched, by the real clock
    web.games[2] = event(HAWKS, BULLS, "2024-01-18T00:30Z", number=3, score=(101, 100))
    report = sync(context, now=NOW + timedelta(days=2))  # every stored league
    assert row(report, "espn").since == date(2024, 1, 11)
    assert row(report, "espn").matches.updated == 1
    assert results(database)[-1] == (date(2024, 1, 17), "final", 101, 100)
    assert web.weeks() == ["20240108", "20240115", "20240122"]


def test_a_fixture_that_waits_for_its_result_is_looked_for_again(
    live: Callable[..., Context], web: Web
) -> None:
    context = live()
    web.games = [
        event(HAWKS, BULLS, "2024-01-02T00:30Z", number=1, status="STATUS_SUSPENDED"),
        event(BULLS, HAWKS, "2024-01-15T00:30Z", number=2, score=(90, 99)),
    ]
    sync(context, ["nba"], since=date(2024, 1, 1), now=NOW)
    assert row(sync(context, now=NOW), "espn").since == date(2024, 1, 1)


def test_a_league_of_which_nothing_is_stored_begins_with_its_season(live: Callable[..., Context]) -> None:
    report = sync(live(), ["nba"], now=NOW, days=0)
    assert (row(report, "espn").since, row(report, "espn").until) == (
        date(2023, 9, 15),
        date(2024, 1, 16),
    )


def failed(context: Context, leagues: list[str], **options: Any) -> SyncReport:
    """Return the report of a sync of which every source failed that was asked."""
    with pytest.raises(SourcesFailed) as refused:
        sync(context, leagues, **options)
    assert refused.value.exit_code == 4
    report: SyncReport = refused.value.details["report"]
    return report


def test_a_sync_of_which_every_source_failed_is_a_failure_with_its_report_as_data(
    database: Database, project_dir: Path, dead: str
) -> None:
    for strict in ([], ["--strict"]):
        ran = run(
            project_dir,
            *("sync", "nba", "--since", "2024-01-09", "--days", "0", "--json", *strict),
            DATABASE_URL=database.endpoint.url(reveal=True),
            SPORTSPLAT_INFRA__BACKEND="external",
            SPORTSPLAT_SOURCES__ESPN_URL=dead,
            SPORTSPLAT_SOURCES__ATTEMPTS="1",
        )
        assert (ran.exit_code, ran.error["code"], ran.envelope["ok"]) == (4, "SOURCES_FAILED", False)
        told = [(one["source"], one["status"]) for one in ran.envelope["data"]["sources"]]
        assert told == [("odds-api", "skipped"), ("espn", "failed")]
        assert ran.error["details"]["report"] == ran.envelope["data"]


def test_a_site_that_is_down_fails_alone(live: Callable[..., Context], database: Database) -> None:
    report = sync(live(), ["epl", "nba"], since=date(2024, 1, 9), now=NOW)
    assert [(row.league, row.source, row.status) for row in report.sources] == [
        ("epl", "football-data", "failed"),
        ("epl", "odds-api", "skipped"),
        ("epl", "espn", "failed"),  # our site has no such path
        ("nba", "odds-api", "skipped"),
        ("nba", "espn", "ok"),
    ]
    assert report.failed == 2
    assert "the season 2023/24 of Premier League" in str(row(report, "football-data", "epl").reason)
    assert len(results(database)) == 3


def test_an_answer_of_which_no_row_could_be_stored_is_a_failure(
    live: Callable[..., Context], web: Web
) -> None:
    web.games = [event("Atlanta Hawkz", BULLS, "2024-01-15T00:30Z", number=2, score=(90, 99))]
    told = row(failed(live(), ["nba"], since=date(2024, 1, 9), now=NOW), "espn")
    assert (told.status, told.quarantined) == ("failed", 1)
    assert "unknown-team 1" in str(told.reason)


def test_a_score_of_a_match_to_come_is_no_result(
    live: Callable[..., Context], database: Database, web: Web
) -> None:
    web.games[2] = event(HAWKS, BULLS, "2024-01-18T00:30Z", number=3, score=(120, 99))
    web.games.append(event(BULLS, HAWKS, "2024-01-20T00:30Z", number=4))
    told = row(sync(live(), ["nba"], since=date(2024, 1, 9), now=NOW), "espn")
    assert (told.status, told.matches.inserted, told.quarantined) == ("ok", 3, 1)


def test_strict_says_at_the_end_what_failed_and_what_came(
    live: Callable[..., Context], database: Database
) -> None:
    with pytest.raises(
        SourcesFailed, match=r"2 of 3 sources failed: football-data of epl, espn of epl"
    ) as failed:
        sync(live(), ["epl", "nba"], since=date(2024, 1, 9), now=NOW, strict=True)
    assert failed.value.exit_code == 4
    assert failed.value.to_dict()["details"]["report"]["failed"] == 2
    assert len(results(database)) == 3


def test_what_came_before_a_break_stays_and_the_next_sync_goes_on_there(
    live: Callable[..., Context], database: Database, web: Web
) -> None:
    web.broken = {"20240115-20240121"}
    context = live(fresh_s=600)
    broken = row(failed(context, ["nba"], since=date(2024, 1, 2), now=NOW), "espn")
    assert (broken.status, broken.files, broken.matches.inserted) == ("failed", 2, 2)
    assert "503" in str(broken.reason)
    web.broken.clear()
    web.site.asked.clear()
    mended = row(sync(context, ["nba"], since=date(2024, 1, 2), now=NOW), "espn")
    assert (mended.status, mended.matches) == ("ok", Tally(1, 0, 2))
    assert web.weeks() == ["20240115", "20240122"]


def test_an_old_copy_that_stands_in_is_a_failure_that_is_said(live: Callable[..., Context], web: Web) -> None:
    context, today = live(), datetime.now(UTC)
    sync(context, ["nba"], since=today.date(), days=0)
    web.broken = {NBA}
    report = failed(context, ["nba"], since=today.date(), days=0)
    assert row(report, "espn").status == "failed"
    assert "using the copy fetched on" in str(row(report, "espn").reason)


def test_prices_come_with_the_matches_and_grow_with_every_sync(
    live: Callable[..., Context], database: Database, web: Web
) -> None:
    context = live(odds_api_key="a-key-of-ours")
    h2h = market("h2h", price(HAWKS, 1.8), price(BULLS, 2.1), taken="2024-01-16T11:00:00Z")
    web.offers = [offer(HAWKS, BULLS, h2h, start="2024-01-18T00:30:00Z")]
    sync(context, ["nba"], since=date(2024, 1, 15), now=NOW)
    later = market("h2h", price(HAWKS, 1.7), price(BULLS, 2.2), taken="2024-01-16T12:00:00Z")
    web.offers = [offer(HAWKS, BULLS, later, start="2024-01-18T00:30:00Z")]
    report = sync(context, ["nba"], since=date(2024, 1, 15), now=NOW)
    assert row(report, "odds-api").quotes.inserted == 2
    with database.connect() as conn:
        stored = conn.execute("SELECT count(*), count(DISTINCT match_id) FROM quotes").fetchone()
        scheduled = conn.execute("SELECT count(*) FROM matches WHERE status = 'scheduled'").fetchone()
    assert (stored, scheduled) == ((4, 1), (1,))


def test_the_source_whose_word_counts_first_has_the_last_one(
    live: Callable[..., Context], database: Database, web: Web
) -> None:
    """Prices come with no word on the stage of a match; the schedule knows that it is a playoff game."""
    h2h = market("h2h", price(HAWKS, 1.8), price(BULLS, 2.1), taken="2024-01-16T11:00:00Z")
    web.offers = [offer(HAWKS, BULLS, h2h, start="2024-01-18T00:30:00Z")]
    web.games = [event(HAWKS, BULLS, "2024-01-18T00:30Z", season=(2024, 3))]
    context = live(odds_api_key="a-key-of-ours")
    for _ in range(2):
        sync(context, ["nba"], since=date(2024, 1, 15), now=NOW)
        with database.connect() as conn:
            assert conn.execute("SELECT stage FROM matches").fetchall() == [("playoff",)]


def test_two_syncs_at_once_are_one_too_many(live: Callable[..., Context]) -> None:
    context = live()
    folder = context.settings.state_dir
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(StateFolder(folder).sync_lock_file, 1), pytest.raises(ResourceConflict) as held:
        sync(context, ["nba"], now=NOW)
    assert held.value.error_code == "SYNC_RUNNING"


def test_leagues_are_named_or_stored(live: Callable[..., Context]) -> None:
    with pytest.raises(UsageError, match="say which leagues"):
        sync(live())
    with pytest.raises(NotFound):
        sync(live(), ["nbaa"])


def test_since_alone_says_what_ingest_fetches(live: Callable[..., Context], web: Web) -> None:
    report = ingest(live(), "espn", [], league="nba", since=date(2024, 1, 9))
    assert report.matches.inserted == 3
    assert web.weeks()[0] == "20240108"


def test_the_key_is_nowhere_in_what_is_said_stored_or_written(
    database: Database, project_dir: Path, web: Web, tmp_path: Path
) -> None:
    """A canary as the key, in every kind of answer: searched are both streams, all files and the database."""
    key = f"kanari{secrets.token_hex(6)}'\"& =%/?#é{secrets.token_hex(6)}iranak"
    bird = market("h2h", price("Nobody", 1.8), price(BULLS, 2.1), taken="2024-01-16T11:00:00Z")
    web.offers = [offer(HAWKS, BULLS, bird, start="2024-01-18T00:30:00Z")]
    variables: dict[str, Any] = {
        "DATABASE_URL": database.endpoint.url(reveal=True),
        "ODDS_API_KEY": key,
        "SPORTSPLAT_INFRA__BACKEND": "external",
        "SPORTSPLAT_SOURCES__ODDS_API_URL": f"{web.site.url}/odds",
        "SPORTSPLAT_SOURCES__ESPN_URL": f"{web.site.url}/espn",
        "SPORTSPLAT_SOURCES__REQUESTS_PER_MINUTE": "6000",
        "SPORTSPLAT_SOURCES__ATTEMPTS": "1",
        "SPORTSPLAT_SOURCES__FRESH_S": "0",
    }
    said = ""
    for broken, words in (
        ((), "sync nba --since 2024-01-09 --days 0 --verbose"),
        ((), "sync nba --since 2024-01-09 --days 0 --json"),
        ((), "ingest odds-api --league nba --verbose --json"),
        ((), "quarantine list"),
        ((), "config show sources"),
        ((), "config explain sources.odds_api_key --json"),
        (("/odds/sports",), "sync nba --since 2024-01-09 --days 0 --strict --verbose --json"),
        (("/odds/sports/basketball_nba/odds",), "ingest odds-api --league nba --verbose"),
        ((), "schedule nba"),
    ):
        web.broken = set(broken)
        ran = run(project_dir, *words.split(), **variables)
        assert ran.exit_code == (0 if not broken else 4 if "sync" in words else 9), (words, ran)
        said += ran.stdout + ran.stderr
    assert "apiKey=***" in said  # the log of what was asked for
    assert any(parse_qs(urlsplit(path).query).get("apiKey") == [key] for path, _ in web.site.asked)
    with database.connect() as conn:
        for table in ("pipeline_runs", "quarantine", "matches", "quotes"):
            said += str(conn.execute(f"SELECT json_agg(t) FROM {table} t".encode()).fetchone())
    assert "bad-price" in said
    for path in tmp_path.rglob("*"):
        said += str(path) + (path.read_bytes().decode(errors="replace") if path.is_file() else "")
    assert key[:18] not in said
    assert key[-18:] not in said


def test_people_get_a_line_for_each_source(
    database: Database, project_dir: Path, web: Web, dead: str
) -> None:
    ran = run(
        project_dir,
        *("sync", "nba", "epl", "--since", "2024-01-09", "--days", "0"),
        DATABASE_URL=database.endpoint.url(reveal=True),
        SPORTSPLAT_INFRA__BACKEND="external",
        SPORTSPLAT_SOURCES__ESPN_URL=f"{web.site.url}/espn",
        SPORTSPLAT_SOURCES__FOOTBALL_DATA_URL=dead,
        SPORTSPLAT_SOURCES__REQUESTS_PER_MINUTE="6000",
        SPORTSPLAT_SOURCES__ATTEMPTS="1",
        COLUMNS="400",
    )
    assert ran.exit_code == 0, ran
    lines = [" ".join(line.split()) for line in ran.stdout.splitlines()]
    assert any(line.startswith("nba espn ok matches: 3 new, 0 updated, 0 unchanged") for line in lines)
    assert any(
        line.startswith("epl football-data failed the site did not return the file for") for line in lines
    )
    assert any(line.startswith("nba odds-api skipped no key") for line in lines)
    assert lines[-1] == "next: run the same command later; it continues where it stopped"
