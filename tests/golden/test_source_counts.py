"""The real files: no match lost, none invented.

Expected counts come from the leagues' own history (22 clubs play 462 matches, 20 play 380, 24 play 552) and
from counting lines without this project's code.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sportsplat.domain import Batch, Market, MatchStatus, Precision
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from tests.payloads import read_paths

pytestmark = pytest.mark.real_data
LEAGUES = load_leagues()
DATED_LINE = re.compile(rb"^[A-Z]+\d?,\d\d?/\d\d?/\d\d(?:\d\d)?,", re.MULTILINE)
WHOLE_SEASONS = {
    "E0": {1993: 462, 1994: 462} | dict.fromkeys(range(1995, 2022), 380),
    "SP1": {1993: 380, 1994: 380, 1995: 462, 1996: 462} | dict.fromkeys(range(1997, 2022), 380),
    "E1": dict.fromkeys(range(2003, 2020), 552),
    # cut short in March 2020, but for Greece, which went on to its play-offs
    "SC0": {2019: 179},
    "N1": {2019: 232},
    "EC": {2019: 451},
    "G1": {2019: 240},
}  # fmt: skip


def parse(source: str, path: Path) -> Batch:
    (payload,) = read_paths([path])
    return get_source(source).parse(payload, None, LEAGUES)


@pytest.fixture(scope="module")
def pairs(real_data: Path) -> Batch:
    return parse("fivethirtyeight-nba", real_data / "fivethirtyeight/nba-elo/nbaallelo.csv.gz")


@pytest.fixture(scope="module")
def games(real_data: Path) -> Batch:
    return parse("fivethirtyeight-nba", real_data / "fivethirtyeight/nba-model/2020-08/nba_elo.csv.gz")


@pytest.fixture(scope="module")
def nfl(real_data: Path) -> Batch:
    return parse("nflverse", real_data / "nflverse/games.csv")


@pytest.mark.parametrize("division", WHOLE_SEASONS)
def test_every_soccer_match_is_read_once(real_data: Path, division: str) -> None:
    paths = sorted((real_data / "football-data.co.uk/mmz4281").glob(f"*/{division}.csv"))
    seasons: Counter[int] = Counter()
    for path in paths:
        batch = parse("football-data", path)
        whole = len(DATED_LINE.findall(path.read_bytes()))
        assert (batch.rows_read, len(batch.matches)) == (whole, whole), path
        assert {match.status for match in batch.matches} == {MatchStatus.FINAL}
        seasons.update(match.season for match in batch.matches)
    assert dict(seasons) == WHOLE_SEASONS[division]


def test_a_whole_double_round_robin_stands_in_each_premier_league_season(real_data: Path) -> None:
    for path in sorted((real_data / "football-data.co.uk/mmz4281").glob("*/E0.csv")):
        matches = parse("football-data", path).matches
        clubs = {match.home for match in matches}
        assert {(m.home, m.away) for m in matches} == {(a, b) for a in clubs for b in clubs if a != b}, path


def test_what_is_refused_in_all_soccer_files_are_prices_lines_and_shots(real_data: Path) -> None:
    """47 cells of 81 files: mistyped handicaps, and lines and prices that changed places in E1 2004/05."""
    refused: Counter[str] = Counter()
    quotes = 0
    for payload in read_paths([real_data / "football-data.co.uk"]):
        batch = get_source("football-data").parse(payload, None, LEAGUES)
        refused.update(row.code for row in batch.rejected)
        quotes += len(batch.quotes)
        assert all(quote.decimal_odds > 1 for quote in batch.quotes)
    assert (dict(refused), quotes) == ({"bad-line": 36, "bad-price": 11, "bad-stat": 6}, 1_223_416)


def test_a_price_of_zero_is_missing(real_data: Path) -> None:
    """Blackpool against Derby, 2012/13: B365H is 0."""
    batch = parse("football-data", real_data / "football-data.co.uk/mmz4281/1213/E1.csv")
    prices = [
        quote.outcome.value
        for quote in batch.quotes
        if (quote.match.home, quote.match.away, quote.bookmaker) == ("Blackpool", "Derby", "bet365")
        and quote.market is Market.RESULT
    ]
    assert prices == ["draw", "away"]
    assert batch.rejected == []


def test_closing_prices_of_pinnacle_stand_from_2012(real_data: Path) -> None:
    for season, folder in ((2011, "1112"), (2012, "1213"), (2021, "2122")):
        batch = parse("football-data", real_data / f"football-data.co.uk/mmz4281/{folder}/E0.csv")
        closing = {q.match for q in batch.quotes if q.is_closing and q.bookmaker == "pinnacle"}
        assert len(closing) == (0 if season < 2012 else 380)


def test_no_premier_league_side_has_more_shots_on_target_than_shots(real_data: Path) -> None:
    """By awk on HS, HST, AS, AST: six sides of four matches of 2000/01, 2015/16 and 2021/22."""
    told = Counter[str]()
    for path in sorted((real_data / "football-data.co.uk/mmz4281").glob("*/E0.csv")):
        told[path.parent.name] = sum(row.code == "bad-stat" for row in parse("football-data", path).rejected)
    assert +told == {"0001": 4, "1516": 1, "2122": 1}


def test_every_nfl_game_is_read(nfl: Batch, real_data: Path) -> None:
    assert len(nfl.matches) == 6137 == (real_data / "nflverse/games.csv").read_bytes().count(b"\n") - 1
    assert nfl.rejected == []
    assert sum(match.home_score == match.away_score for match in nfl.matches) == 12
    assert sum(match.neutral for match in nfl.matches) == 66
    assert {m.season for m in nfl.matches if m.precision is Precision.DAY} == {1999}
    assert len({match.home for match in nfl.matches}) == 32  # moved clubs keep one name
    assert {match.season for match in nfl.matches} == set(range(1999, 2022))


def test_no_nfl_game_begins_at_an_hour_at_which_none_was_played(nfl: Batch) -> None:
    """By `grep -c`: 102 say 09:00 and were nights, one 21:00; 11 say 09:30, five 21:30 and were in London."""
    eastern = ZoneInfo("America/New_York")
    starts = [
        m.kickoff_utc.astimezone(eastern).time() for m in nfl.matches if m.precision is Precision.MINUTE
    ]
    assert min(starts) == time(9, 30)
    assert starts.count(time(9, 30)) == 11 + 5
    assert starts.count(time(21)) == 102 + 1


def test_the_nfl_spread_favours_the_team_that_the_moneyline_favours(nfl: Batch) -> None:
    """A turned sign would show in nearly every game."""
    lines = {q.match: q.line for q in nfl.quotes if q.market is Market.SPREAD and q.outcome == "home"}
    prices = {
        q.match: q.decimal_odds for q in nfl.quotes if q.market is Market.RESULT and q.outcome == "home"
    }
    clear = [key for key, line in lines.items() if key in prices and line is not None and abs(line) >= 3]
    assert len(clear) > 3000
    assert sum((lines[key] or 0) < 0 and prices[key] >= 2 for key in clear) == 0


def test_every_nba_game_is_read_from_its_two_rows(pairs: Batch, real_data: Path) -> None:
    text = gzip.decompress((real_data / "fivethirtyeight/nba-elo/nbaallelo.csv.gz").read_bytes())
    lines = text.splitlines()[1:]
    assert len(lines) == pairs.rows_read == 126_314
    assert len(pairs.matches) == 63_157 == len({line.split(b",", 1)[0] for line in lines})
    assert (pairs.rejected, len(pairs.forecasts)) == ([], 63_157)
    assert sum(match.neutral for match in pairs.matches) == 19
    assert len({match.home for match in pairs.matches}) == 53
    assert sum(match.number == 2 for match in pairs.matches) == 5
    assert {match.season for match in pairs.matches} == set(range(1946, 2015))


def test_both_nba_formats_tell_the_same_63_157_games(pairs: Batch, games: Batch) -> None:
    """Every field agrees: teams through 104 codes and 53 franchises, scores, home sides, double headers."""
    last = max(match.match_date for match in pairs.matches)
    assert set(pairs.matches) == {match for match in games.matches if match.match_date <= last}
    ours = {forecast.match: forecast.probabilities[0] for forecast in pairs.forecasts}
    theirs = {forecast.match: forecast.probabilities[0] for forecast in games.forecasts}
    assert max(abs(ours[key] - theirs[key]) for key in ours) < 1e-6


@pytest.mark.parametrize(
    ("path", "rows", "unplayed", "neutral", "playoff"),
    [
        ("2020-08/nba_elo.csv.gz", 69_465, 88, 121, 4_055),
        ("2020-04/nba_elo_latest.csv", 1_230, 275, 3, 0),
        ("2021-06/nba_elo_latest.csv", 1_139, 27, 0, 59),
    ],
)
def test_games_not_played_are_scheduled(
    real_data: Path, path: str, rows: int, unplayed: int, neutral: int, playoff: int
) -> None:
    batch = parse("fivethirtyeight-nba", real_data / "fivethirtyeight/nba-model" / path)
    assert (batch.rows_read, len(batch.matches), batch.rejected) == (rows, rows, [])
    scheduled = [match for match in batch.matches if match.status is MatchStatus.SCHEDULED]
    assert len(scheduled) == unplayed
    assert all((m.home_score, m.away_score, m.known_at) == (None, None, None) for m in scheduled)
    assert sum(match.neutral for match in batch.matches) == neutral
    assert sum(match.stage == "playoff" for match in batch.matches) == playoff
    assert all(len(name) > 3 for match in batch.matches for name in (match.home, match.away))


def test_forecasts_of_each_publisher_are_kept(real_data: Path) -> None:
    batch = parse("fivethirtyeight-nba", real_data / "fivethirtyeight/nba-model/2020-04/nba_elo_latest.csv")
    assert Counter(forecast.publisher for forecast in batch.forecasts) == {
        "fivethirtyeight-elo": 1230,
        "fivethirtyeight-carm-elo": 1230,
        "fivethirtyeight-raptor": 1230,
    }


@pytest.mark.parametrize("club", ["LV", "LAC", "LA"])
def test_clubs_that_moved_have_whole_seasons_under_one_name(nfl: Batch, club: str) -> None:
    regular = [m for m in nfl.matches if m.stage == "regular" and club in (m.home, m.away)]
    assert Counter(m.season for m in regular) == dict.fromkeys(range(1999, 2021), 16) | {2021: 17}


def test_an_unfinished_season_holds_matches_that_the_finished_one_holds_too(real_data: Path) -> None:
    """The snapshot of 14 February 2021 and the season's last file name the same matches by the same keys."""
    root = real_data / "football-data.co.uk"
    early = parse("football-data", root / "snapshots/2021-02-14/2021/E0.csv")
    late = parse("football-data", root / "mmz4281/2021/E0.csv")
    assert len(early.matches) == 233
    assert set(early.matches) <= set(late.matches)
    assert {quote.match for quote in early.quotes} <= {quote.match for quote in late.quotes}
