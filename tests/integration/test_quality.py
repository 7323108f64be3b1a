"""What is found in a small stored league in which everything is wrong once, and nothing where all is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from sportsplat.config.load import load_settings
from sportsplat.domain import Batch, MatchRecord, Outcome
from sportsplat.errors import DataLacking, NotFound, ResourceConflict, UsageError
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.file import IngestPlan, store_file
from sportsplat.jobs.quality import conflicts, quality, refuse_errors
from sportsplat.leagues.league import load_leagues
from sportsplat.quality.facts import ConflictTotal
from sportsplat.quality.picture import QualityFinding
from sportsplat.quality.report import QualityReport
from sportsplat.sources.base import Payload, Source
from tests.records import batch, forecast, match, of_day, quote, stats

NOW = datetime(2022, 6, 1, tzinfo=UTC)
NAMES = ["Ajax", "Boca", "Celta", "Dukla"]
LEAGUE = """
tiny:
  name: Tiny League
  sport: soccer
  outcomes: [home, draw, away]
  timezone: Europe/London
  duration_minutes: 120
  season_matches: 6
  meetings: 2
  elo: {k: 12, home_advantage: 60, carry_over: 0.95, mean: 1500, initial: 1400, margin: goals}
  stats: [shots, corners]
  stored_stats: [fouls]
  prices:
    entry: [{bookmaker: pinnacle, closing: false}]
    benchmark: [{bookmaker: pinnacle, closing: true}]
  names_from: [simulate]
  precedence: [simulate, football-data]
  rules: {season: [07-01, next 06-30]}
"""


@dataclass
class FixedSource(Source):
    """A source that returns the batch it was made with."""

    name: str
    batch: Batch
    leagues = ("tiny",)

    def parse(self, *_: Any) -> Batch:
        return self.batch


@pytest.fixture
def tiny(context: Context, project_dir: Path) -> Context:
    """A project with a league of four teams of its own."""
    (project_dir / "config").mkdir()
    (project_dir / "config" / "leagues.yaml").write_text(LEAGUE)
    settings = load_settings(
        project_dir=project_dir,
        overrides={"infra.database_url": context.locate().url(reveal=True)},
        environ={},
    )
    return Context(settings, load_leagues(project_dir), context.locate)


def tell(context: Context, matches: Sequence[MatchRecord], source: str = "simulate", **lists: Any) -> None:
    """Store what a source says, as ingest does."""
    made = batch(list(matches), "tiny", **lists)._replace(source=source)
    plan = IngestPlan(FixedSource(source, made), None, context.leagues, now=datetime.now(UTC))
    with context.connect(autocommit=True) as conn:
        store_file(conn, plan, Payload.of(f"{source}.csv", repr(matches).encode()))


def season(start: int, **changes: Any) -> list[MatchRecord]:
    """Play everybody against everybody, twice, a match a week from September on."""
    first = date(start, 9, 5)
    return [
        match(home, away, first + timedelta(weeks=week), (week % 3, 1), season=start, **changes)
        for week, (home, away) in enumerate(permutations(NAMES, 2))
    ]


def codes(data: QualityReport, *severities: str) -> list[str]:
    return [one.code for one in data.findings if one.severity in severities]


def only(data: QualityReport, code: str) -> QualityFinding:
    (one,) = [finding for finding in data.findings if finding.code == code]
    return one


def offer(record: MatchRecord, *odds: float, **changes: Any) -> list[Any]:
    outcomes = (Outcome.HOME, Outcome.DRAW, Outcome.AWAY)
    return [quote(record, one, outcome, **changes) for one, outcome in zip(odds, outcomes, strict=False)]


def test_a_league_in_order_has_no_error_and_no_warning(tiny: Context) -> None:
    for start in (2020, 2021):
        tell(tiny, season(start))
    data = quality(tiny, "tiny", now=NOW)
    assert codes(data, "error", "warning") == []
    assert [(one.final, one.expected, one.complete) for one in data.seasons] == [(12, 12, 1.0)] * 2
    refuse_errors(data)


def test_matches_that_a_double_round_robin_cannot_have_are_errors(tiny: Context) -> None:
    """As when the dates of a later season were read with day and month swapped."""
    tell(tiny, season(2020))
    again = [
        match("Ajax", "Boca", date(2021, 2, 9), (0, 0)),
        match("Boca", "Celta", date(2021, 2, 10), (2, 0)),
    ]
    newcomer = [match("Gent", "Ajax", date(2021, 3, 3), (1, 0))]
    tell(tiny, [*season(2021), *(one._replace(season=2020) for one in (*again, *newcomer))])
    data = quality(tiny, "tiny", now=NOW)
    assert codes(data, "error") == ["repeated-pair", "too-many-matches", "stray-team"]
    assert only(data, "repeated-pair").what == (
        "2 pairs were at the same ground more than once, which no pair plays in one season: "
        "Ajax - Boca on 2020-09-05 and 2021-02-09"
    )
    assert "15 of 12 matches are stored: 3 too many" in only(data, "too-many-matches").what
    assert only(data, "stray-team").what.startswith("Gent has 1 match")
    with pytest.raises(DataLacking):
        refuse_errors(data)


def test_a_match_put_off_beside_the_one_that_was_played_is_no_error(tiny: Context) -> None:
    played = season(2021)
    tell(tiny, [*played, match("Ajax", "Boca", date(2022, 5, 20), season=2021)])
    assert "repeated-pair" not in codes(quality(tiny, "tiny", now=NOW), "error", "warning", "info")


def test_a_stored_result_of_a_day_to_come_is_an_error(tiny: Context) -> None:
    tell(tiny, season(2021))
    early = quality(tiny, "tiny", now=datetime(2021, 9, 30, tzinfo=UTC))
    assert only(early, "result-before-play").severity == "error"
    assert "result-before-play" not in codes(quality(tiny, "tiny", now=NOW), "error")


def test_coverage_counts_matches_of_which_all_of_a_kind_is_there(tiny: Context) -> None:
    """Of 12 matches 9 are to the minute, 3 have box scores, and a fourth that of one team alone.

    Two have prices, one of them without the draw; one has a forecast.
    """
    played = season(2021)
    played[:3] = [of_day(one) for one in played[:3]]
    boxes = [stats(one, home, shots=5) for one in played[1:3] for home in (True, False)]
    tell(
        tiny,
        played,
        stats=[*boxes, stats(played[0], True, shots=5, corners=2), stats(played[0], False, shots=5),
               stats(played[4], True, shots=5)],
        quotes=[*offer(played[0], 2.0, 3.5, 3.8), *offer(played[1], 2.0, 3.5),
                *offer(played[0], 2.1, 3.4, 3.6, is_closing=True, quoted_at=None, bookmaker="other")],
        forecasts=[forecast(played[0], 0.5, 0.3, 0.2)],
    )  # fmt: skip
    (one,) = quality(tiny, "tiny", now=NOW).seasons
    counts = {name: found.matches for name, found in one.coverage.items()}
    assert counts == {
        "kickoff_minute": 9,
        "box_score": 3,
        "all_stats": 0,
        "stat:shots": 3,
        "stat:corners": 0,
        "stat:fouls": 0,
        "price:pinnacle:pre-match": 1,
        "price:pinnacle:closing": 0,
        "price:any:pre-match": 1,
        "price:any:closing": 1,
        "forecast:oracle": 1,
        "details": 0,
    }
    assert one.coverage["kickoff_minute"].share == 0.75


def test_several_prices_of_one_bookmaker_are_one_covered_match(tiny: Context) -> None:
    played = season(2021)
    later = {"quoted_at": played[0].kickoff_utc, "known_at": played[0].kickoff_utc}
    tell(tiny, played, quotes=[*offer(played[0], 2.0, 3.5, 3.8), *offer(played[0], 2.1, 3.4, 3.6, **later)])
    data = quality(tiny, "tiny", now=NOW)
    assert data.seasons[0].coverage["price:pinnacle:pre-match"].matches == 1
    assert [(one.matches, one.offers) for one in data.overrounds] == [(1, 2)]


def test_everything_that_is_wrong_is_found_with_its_command(tiny: Context) -> None:
    tell(tiny, season(2018))
    late = match("Dukla", "Celta", date(2020, 5, 2), (0, 0), season=2019)
    tell(tiny, [*season(2019)[:8], late])
    last = season(2021)
    today = match("Dukla", "Celta", date(2022, 5, 20), season=2021)
    tell(tiny, [*last[:-1], today, match("Ajaxx", "Boca", date(2021, 9, 6), (1, 1), season=2021)])
    changed = last[0]._replace(home_score=9)
    tell(tiny, [changed, match("Celtaa", "Boca", date(2021, 9, 7), (1, 1), season=2021)], "football-data")
    data = quality(tiny, "tiny", now=NOW)

    assert only(data, "missing-season").where == "2020/21"
    assert "9 of 12 matches are stored: 3 missing" in only(data, "incomplete-season").what
    assert "between 2019-10-24 and 2020-05-02" in only(data, "long-pause").what
    unplayed = only(data, "unplayed-past-fixture")
    assert unplayed.what == "1 match without a result although the day is over, simulate: 2022-05-20"
    assert only(data, "stray-team").next == "sportsplat teams merge tiny Ajaxx Ajax"
    waiting = only(data, "quarantine")
    assert (waiting.severity, waiting.next) == (
        "error",
        "sportsplat teams alias tiny football-data Celtaa Celta",
    )
    assert only(data, "conflict").next == "sportsplat data conflicts tiny --field score"
    assert data.conflicts == [ConflictTotal("football-data", "simulate", "score", 1)]
    assert [one.source for one in data.freshness.ingests] == ["football-data", "simulate"]
    assert set(codes(data, "error")) == {
        "missing-season",
        "incomplete-season",
        "unplayed-past-fixture",
        "quarantine",
    }
    with pytest.raises(DataLacking, match="4 errors") as lacking:
        refuse_errors(data)
    assert lacking.value.exit_code == 10
    assert lacking.value.to_dict()["details"]["report"] == data.to_dict()


def test_a_fixture_of_today_is_not_unplayed(tiny: Context) -> None:
    tell(tiny, [*season(2021)[:-1], match("Dukla", "Celta", NOW.date(), season=2021)])
    assert "unplayed-past-fixture" not in codes(quality(tiny, "tiny", now=NOW), "error", "warning")
    tomorrow = quality(tiny, "tiny", now=NOW + timedelta(days=1))
    assert "unplayed-past-fixture" in codes(tomorrow, "warning")


def test_an_offer_unlike_its_kind_is_named(tiny: Context) -> None:
    played = season(2021)
    quotes = [price for one in played[1:] for price in offer(one, 2.5, 3.5, 3.1)]  # sums to 1.008
    tell(tiny, played, quotes=[*quotes, *offer(played[0], 2.5, 3.5, 1.9)])  # 1.212
    data = quality(tiny, "tiny", now=NOW)
    (odd,) = data.odd_offers
    assert (odd.home, odd.away, odd.match_date) == ("Ajax", "Boca", date(2021, 9, 5))
    assert odd.overround == pytest.approx(1 / 2.5 + 1 / 3.5 + 1 / 1.9)
    assert "one offer has an unusual overround: Ajax - Boca" in only(data, "odd-overround").what


def test_conflicts_are_listed_newest_first_and_counted(tiny: Context) -> None:
    played = season(2021)
    tell(tiny, played)
    tell(tiny, [one._replace(home_score=7) for one in played[:3]], "football-data")
    tell(tiny, [played[3]._replace(stage="playoff")], "espn")
    data = conflicts(tiny, "tiny", limit=2)
    assert data.matches == 4
    assert [one.match_date for one in data.conflicts] == [played[3].match_date, played[2].match_date]
    assert data.totals[0]._asdict() == {
        "source": "football-data",
        "holder": "simulate",
        "field": "score",
        "matches": 3,
    }
    score = conflicts(tiny, "tiny", field="score", limit=None)
    assert (score.matches, len(score.conflicts)) == (3, 3)
    first = score.conflicts[0]
    assert (first.said, first.source, first.holds, first.holder) == (
        "7:1",
        "football-data",
        "2:1",
        "simulate",
    )
    assert score.precedence == ["simulate", "football-data"]
    assert conflicts(tiny, "tiny", seasons=[2020], limit=None).matches == 0


def test_a_source_that_does_not_tell_the_stage_contradicts_nobody_in_it(tiny: Context) -> None:
    played = season(2021, stage="playoff")
    tell(tiny, played)
    regular = [one._replace(stage="regular") for one in played[:2]]
    tell(tiny, regular, "odds-api")
    tell(tiny, [one._replace(home_score=7) for one in regular], "espn")
    told = {(one.source, one.field) for one in conflicts(tiny, "tiny", limit=None).conflicts}
    assert told == {("espn", "score"), ("espn", "stage")}
    found = {(one.source, one.field) for one in quality(tiny, "tiny", now=NOW).conflicts}
    assert found == told


def test_the_page_is_written_over_an_earlier_one_and_never_over_another_file(
    tiny: Context, tmp_path: Path
) -> None:
    tell(tiny, season(2021))
    page = tmp_path / "reports" / "quality.html"
    assert quality(tiny, "tiny", html=page, now=NOW).html == str(page)
    quality(tiny, "tiny", html=page, now=NOW)
    assert "Tiny League: state of the data" in page.read_text()
    page.write_text("<html>mine</html>")
    with pytest.raises(ResourceConflict, match="is left alone") as foreign:
        quality(tiny, "tiny", html=page, now=NOW)
    assert (foreign.value.error_code, foreign.value.cause) == ("FILE_EXISTS", "--html")
    assert page.read_text() == "<html>mine</html>"


def test_a_season_that_is_not_stored_and_a_field_that_is_none_are_refused(tiny: Context) -> None:
    tell(tiny, season(2021))
    with pytest.raises(NotFound, match="no season 1999 of tiny"):
        quality(tiny, "tiny", seasons=[1999], now=NOW)
    with pytest.raises(UsageError, match="'goals'"):
        conflicts(tiny, "tiny", field="goals", limit=None)
