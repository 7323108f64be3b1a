"""FiveThirtyEight's other real files: every row accounted for, and the same games as other sources tell.

Expected numbers were counted without this project's code: rows and ties with pandas, joins on the date and
both teams, the ten matches of Reus with `awk`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest

from sportsplat.domain import Batch, MatchRecord, MatchStatus, Phase
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from tests.payloads import read_paths

pytestmark = pytest.mark.real_data
LEAGUES = load_leagues()
Fixture = tuple[date, str, str]


def batches(source: str, path: Path) -> list[Batch]:
    (payload,) = read_paths([path])
    return get_source(source).batches(payload, None, LEAGUES)


def parse(source: str, path: Path) -> Batch:
    (batch,) = batches(source, path)
    return batch


def fixtures(matches: Iterable[MatchRecord]) -> dict[Fixture, MatchRecord]:
    return {(match.match_date, match.home, match.away): match for match in matches}


def score(match: MatchRecord) -> tuple[int | None, int | None]:
    return match.home_score, match.away_score


@pytest.fixture(scope="module")
def nfl(real_data: Path) -> Batch:
    return parse("fivethirtyeight-nfl", real_data / "fivethirtyeight/nfl-elo-game/nfl_games.csv")


@pytest.fixture(scope="module")
def nflverse(real_data: Path) -> Batch:
    return parse("nflverse", real_data / "nflverse/games.csv")


@pytest.fixture(scope="module")
def spi(real_data: Path) -> dict[str, Batch]:
    path = real_data / "fivethirtyeight/soccer-spi/2019-04/spi_matches.csv"
    return {batch.league: batch for batch in batches("fivethirtyeight-soccer-spi", path)}


def test_every_nfl_game_from_1920_is_read(nfl: Batch) -> None:
    assert (nfl.rows_read, len(nfl.matches), len(nfl.forecasts), nfl.rejected) == (16_810, 16_810, 16_810, [])
    assert sum(match.home_score == match.away_score for match in nfl.matches) == 316
    assert sum(match.stage == "playoff" for match in nfl.matches) == 590
    names = {name for match in nfl.matches for name in (match.home, match.away)}
    assert len(names) == 123
    assert names >= set(LEAGUES["nfl"].teams)
    assert {match.season for match in nfl.matches} == set(range(1920, 2021))


def test_every_nfl_game_from_1999_to_2020_is_one_of_nflverse(nfl: Batch, nflverse: Batch) -> None:
    """All 5,852 join and no score differs; 30 join because the visitor, named first, is turned round."""
    ours = fixtures(match for match in nfl.matches if match.season >= 1999)
    theirs = fixtures(match for match in nflverse.matches if match.season <= 2020)
    assert len(ours) == 5_852
    assert ours.keys() == theirs.keys()
    assert [key for key in ours if score(ours[key]) != score(theirs[key])] == []
    for key in ours:
        assert (ours[key].season, ours[key].stage) == (theirs[key].season, theirs[key].stage), key


def test_the_nfl_sources_differ_on_the_ground_of_ten_games(nfl: Batch, nflverse: Batch) -> None:
    """nflverse calls the Saints of 2005 at home outside their dome; FiveThirtyEight so calls Buffalo's games
    in Toronto and Detroit, and San Francisco's in Arizona in 2020.
    """
    theirs = fixtures(nflverse.matches)
    differ = [
        (match.match_date.year, match.home, match.neutral)
        for key, match in fixtures(nfl.matches).items()
        if key in theirs and match.neutral != theirs[key].neutral
    ]
    assert sorted(differ) == [
        *[(2005, "NO", True)] * 4,
        (2008, "BUF", False), (2013, "BUF", False), (2014, "BUF", False),
        (2020, "SF", False), (2020, "SF", False), (2021, "SF", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("league", "games", "rejected"), [("nba", 7_563, 0), ("nfl", 1_889, 0), ("mlb", 7_395, 1)]
)
def test_every_published_forecast_has_its_match(
    real_data: Path, league: str, games: int, rejected: int
) -> None:
    """One outcome breaks the rule: Pittsburgh and Chicago drew on 29 September 2016, called for rain."""
    batch = parse(
        "fivethirtyeight-checking-our-work",
        real_data / f"fivethirtyeight/checking-our-work/{league}_games.csv",
    )
    assert (batch.league, batch.rows_read) == (league, games)
    assert len(batch.matches) == len(batch.forecasts) == games
    assert [row.code for row in batch.rejected] == ["impossible-outcome"] * rejected
    assert {match.status for match in batch.matches} == {MatchStatus.SCHEDULED}
    assert {name for match in batch.matches for name in (match.home, match.away)} <= set(
        LEAGUES[league].teams
    )
    assert Counter(match.number for match in batch.matches)[2] == (77 if league == "mlb" else 0)


@pytest.mark.parametrize(
    ("day", "home", "first", "second"),
    [
        (date(2016, 5, 14), "Nationals", 0.646, 0.614),
        (date(2017, 7, 16), "Red Sox", 0.529, 0.553),
        (date(2018, 8, 16), "Phillies", 0.579, 0.571),
        (date(2018, 9, 26), "Red Sox", 0.775, 0.812),
    ],
)
def test_the_games_of_a_day_have_their_numbers(
    real_data: Path, day: date, home: str, first: float, second: float
) -> None:
    """Newspapers tell the order: Washington won 6-4 and lost 1-7; Boston lost 0-3 and won 3-0; Philadelphia
    lost 4-24 and won 9-6; Boston won 19-3 and lost 3-10. The outcome beside dh 1 is always the first game's.
    """
    path = real_data / "fivethirtyeight/checking-our-work/mlb_games.csv"
    batch = parse("fivethirtyeight-checking-our-work", path)
    told = {
        forecast.match.number: round(forecast.probabilities[0], 3)
        for forecast in batch.forecasts
        if (forecast.match.match_date, forecast.match.home) == (day, home)
    }
    assert told == {1: first, 2: second}


def test_published_forecasts_of_the_nfl_are_of_games_of_nflverse(real_data: Path, nflverse: Batch) -> None:
    """All 1,889 on the day and with the home team of nflverse; to 2018 the forecast is the Elo file's."""
    path = real_data / "fivethirtyeight/checking-our-work/nfl_games.csv"
    published = parse("fivethirtyeight-checking-our-work", path)
    assert fixtures(published.matches).keys() <= fixtures(nflverse.matches).keys()


def test_published_forecasts_of_the_nfl_to_2018_are_the_elo_file_s(real_data: Path, nfl: Batch) -> None:
    path = real_data / "fivethirtyeight/checking-our-work/nfl_games.csv"
    published = parse("fivethirtyeight-checking-our-work", path)
    elo = {forecast.match: forecast.probabilities[0] for forecast in nfl.forecasts}
    season = {(m.match_date, m.home, m.away, m.number): m.season for m in published.matches}
    away = [abs(elo[f.match] - f.probabilities[0]) for f in published.forecasts if season[f.match] <= 2018]
    assert (len(away), max(away) < 1e-6) == (1_068, True)


def test_published_forecasts_of_the_nba_are_of_games_of_the_elo_files(real_data: Path) -> None:
    """7,418 of 7,563 join. Nineteen stood as fixtures of the day before when the Elo files were written, and
    126 games were played after that.
    """
    root = real_data / "fivethirtyeight"
    published = parse("fivethirtyeight-checking-our-work", root / "checking-our-work/nba_games.csv")
    files = ("nba-model/2020-08/nba_elo.csv.gz", "nba-model/2021-06/nba_elo_latest.csv")
    games = fixtures(match for file in files for match in parse("fivethirtyeight-nba", root / file).matches)
    missing = fixtures(published.matches).keys() - games.keys()
    moved = [
        key for key in missing if (earlier := games.get((key[0] - timedelta(days=1), *key[1:])))
        and earlier.status is MatchStatus.SCHEDULED
    ]  # fmt: skip
    assert (len(published.matches) - len(missing), len(missing), len(moved)) == (7_418, 145, 19)


def test_every_row_of_the_soccer_file_is_a_match_of_a_league(spi: dict[str, Batch]) -> None:
    """37 competitions, 36 leagues: both Mexican tournaments are one. 19,979 scores, 21 of them awarded."""
    assert len(spi) == 36
    assert sum(batch.rows_read for batch in spi.values()) == 23_456
    matches = [match for batch in spi.values() for match in batch.matches]
    assert len(matches) == 23_456
    assert Counter(match.status for match in matches) == {
        MatchStatus.FINAL: 19_958, MatchStatus.SCHEDULED: 3_477, MatchStatus.CANCELLED: 21,
    }  # fmt: skip
    assert sum(len(batch.forecasts) for batch in spi.values()) == 23_456
    assert sum(len(batch.stats) for batch in spi.values()) == 2 * 11_600
    refused = Counter((league, row.code) for league, batch in spi.items() for row in batch.rejected)
    assert refused == {("la-liga-2", "result-before-play"): 10, ("la-liga-2", "awarded"): 11}


def test_the_results_of_reus_that_nobody_played_are_caught(spi: dict[str, Batch]) -> None:
    """Expelled on 18 January 2019, after 1:1 against Numancia; 21 of its 42 matches remained."""
    cancelled = [m for m in spi["la-liga-2"].matches if m.status is MatchStatus.CANCELLED]
    assert all("Reus Deportiu" in (match.home, match.away) for match in cancelled)
    assert min(match.match_date for match in cancelled) == date(2019, 1, 19)
    assert {score(match) for match in cancelled} == {(None, None)}


def test_play_offs_are_told_by_forecast_rematch_and_calendar_and_four_were_on_neutral_ground(
    spi: dict[str, Batch],
) -> None:
    """By the tables of those seasons: 96 of 125 matches of the Champions League are groups, 144 of 205 of the
    Europa League, 462 of 468 in Spain's second division are no play-offs. In the MLS single matches tell it.
    """
    matches = [match for batch in spi.values() for match in batch.matches]
    play_offs = Counter(
        (league, match.season)
        for league, batch in spi.items()
        for match in batch.matches
        if match.stage == "playoff"
    )
    assert play_offs == {
        ("champions-league", 2016): 29, ("champions-league", 2017): 29, ("champions-league", 2018): 24,
        ("europa-league", 2017): 61, ("europa-league", 2018): 56, ("championship", 2017): 5,
        ("la-liga-2", 2017): 6, ("serie-b", 2017): 10, ("usl-championship", 2018): 15,
        ("nwsl", 2017): 3, ("nwsl", 2018): 3, ("mls", 2017): 5, ("mls", 2018): 5,
    }  # fmt: skip
    assert [(m.match_date.isoformat(), m.home, m.away) for m in matches if m.neutral] == [
        ("2017-06-03", "Juventus", "Real Madrid"),
        ("2018-05-26", "Real Madrid", "Liverpool"),
        ("2018-05-26", "Aston Villa", "Fulham"),
        ("2018-05-16", "Marseille", "Atletico Madrid"),
    ]


@pytest.mark.parametrize(
    ("league", "division", "joined", "to_come", "play_offs"),
    [("epl", "E0", 1_134, 6, 0), ("championship", "E1", 1_103, 1, 5), ("la-liga", "SP1", 1_127, 13, 0)],
)
def test_soccer_matches_are_those_of_football_data(
    real_data: Path,
    spi: dict[str, Batch],
    league: str,
    division: str,
    joined: int,
    to_come: int,
    play_offs: int,
) -> None:
    """No score differs. What does not join was moved by a day or two after the file was written, or is one of
    the Championship's play-offs of 2018, which football-data leaves out.
    """
    root = real_data / "football-data.co.uk/mmz4281"
    files = [root / season / f"{division}.csv" for season in ("1617", "1718", "1819")]
    theirs = fixtures(match for file in files for match in parse("football-data", file).matches)
    ours = fixtures(spi[league].matches)
    both = ours.keys() & theirs.keys()
    assert len(both) == joined
    played = [key for key in both if ours[key].status is MatchStatus.FINAL]
    assert [key for key in played if score(ours[key]) != score(theirs[key])] == []
    alone = [ours[key] for key in ours.keys() - theirs.keys()]
    assert Counter(match.status for match in alone) == Counter(
        {MatchStatus.SCHEDULED: to_come, MatchStatus.FINAL: play_offs}
    )
    theirs_of = {(m.season, m.home, m.away): m for m in theirs.values()}
    for match in alone:
        other = theirs_of[match.season, match.home, match.away]
        if match.status is MatchStatus.SCHEDULED:
            assert abs((other.match_date - match.match_date).days) <= 2, match


def test_the_clubs_of_each_league_are_those_that_football_data_names(
    real_data: Path, spi: dict[str, Batch]
) -> None:
    """An unknown spelling would be another club. Not in any file here: who went down before 2019/20."""
    unknown = {}
    for league, division in (("epl", "E0"), ("championship", "E1"), ("la-liga", "SP1"), ("eredivisie", "N1"),
                             ("scottish-premiership", "SC0"), ("greek-super-league", "G1")):  # fmt: skip
        files = sorted((real_data / "football-data.co.uk/mmz4281").glob(f"*/{division}.csv"))
        named = {match.home for file in files for match in parse("football-data", file).matches}
        unknown[league] = sorted({match.home for match in spi[league].matches} - named)
    assert unknown == {
        "epl": [],
        "championship": [],
        "la-liga": [],
        "eredivisie": ["Excelsior", "Graafschap", "NAC Breda", "Roda"],
        "scottish-premiership": ["Dundee", "Partick"],
        "greek-super-league": ["Apollon", "Giannina", "Levadeiakos"],
    }


def test_every_nfl_game_has_its_details(nflverse: Batch) -> None:
    """6,137 games; 4,569 of them outdoors or under an open roof have weather; 1,981 spreads have no price."""
    assert Counter(record.phase for record in nflverse.details) == {
        Phase.SCHEDULE: 6_137, Phase.START: 6_137, Phase.RESULT: 4_569,
    }  # fmt: skip
    names = Counter(name for record in nflverse.details for name in record.details)
    assert (names["stadium"], names["referee"], names["temp"]) == (6_137, 6_136, 4_569)
    assert (names["spread_close"], names["total_close"]) == (1_981, 1_984)
    result_of = {(m.match_date, m.home, m.away, m.number): m for m in nflverse.matches}
    for record in nflverse.details:
        match = result_of[record.match]
        assert match.known_at is not None
        assert match.kickoff_utc <= record.known_at <= match.known_at
