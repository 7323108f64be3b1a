"""NBA team box scores on the real files: nothing lost, and three sources and FiveThirtyEight side by side.

Expected counts come from the league's history (23 teams of 82 games make 943, 30 make 1,230; 725 and 990 in
the lockout years) and from counting lines and filled cells with Python's csv module alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sportsplat.domain import Batch, MatchKey, MatchRecord, MatchStatus
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from tests.payloads import read_paths

pytestmark = pytest.mark.real_data
LEAGUES = load_leagues()
REGULAR = (
    dict.fromkeys(range(1983, 1988), 943)
    | {1988: 1025}
    | dict.fromkeys(range(1989, 1995), 1107)
    | dict.fromkeys(range(1995, 2004), 1189)
    | {1998: 725}  # lockout
    | dict.fromkeys(range(2004, 2019), 1230)
    | {2011: 990}  # lockout
)
PLAYOFFS = dict(zip(range(2010, 2021), (81, 84, 85, 89, 81, 86, 79, 82, 82, 83, 85), strict=True))
MARATHON = MatchKey(date(2013, 4, 16), "Celtics", "Pacers")  # cancelled after the attack in Boston
REPLAYED = MatchKey(date(2007, 12, 19), "Hawks", "Heat")  # its end was played again on 8 March 2008
MIXED_UP = MatchKey(date(1996, 11, 10), "Cavaliers", "Nuggets")  # a player stands in the other team's row
Box = dict[tuple[MatchKey, bool], dict[str, float]]


def parse(source: str, path: Path) -> list[Batch]:
    return [get_source(source).parse(payload, None, LEAGUES) for payload in read_paths([path])]


@pytest.fixture(scope="module")
def logs(real_data: Path) -> list[Batch]:
    return parse("nba-stats", real_data / "nba-stats-gamelogs")


@pytest.fixture(scope="module")
def games(real_data: Path) -> Batch:
    (batch,) = parse("kaggle-nba-games", real_data / "kaggle-nba-games/games.csv")
    return batch


@pytest.fixture(scope="module")
def team_stats(real_data: Path) -> Batch:
    (batch,) = parse("kaggle-nba-team-stats", real_data / "kaggle-nba-team-stats/nba.games.stats.csv")
    return batch


@pytest.fixture(scope="module")
def elo(real_data: Path) -> Batch:
    (batch,) = parse("fivethirtyeight-nba", real_data / "fivethirtyeight/nba-elo/nbaallelo.csv.gz")
    return batch


def key_of(match: MatchRecord) -> MatchKey:
    return MatchKey(match.match_date, match.home, match.away)


def results(matches: Iterable[MatchRecord]) -> dict[MatchKey, tuple[object, ...]]:
    """What sources should agree in: day, home, away and season, stage, points."""
    return {
        key_of(match): (match.season, match.stage, match.home_score, match.away_score)
        for match in matches
        if match.status is MatchStatus.FINAL
    }


def boxes(batches: Iterable[Batch]) -> Box:
    return {(box.match, box.is_home): box.stats for batch in batches for box in batch.stats}


def all_matches(batches: Iterable[Batch]) -> list[MatchRecord]:
    return [match for batch in batches for match in batch.matches]


def test_every_season_file_holds_its_whole_season(logs: list[Batch]) -> None:
    """36 files with 81,658 rows make 40,829 games: 40,827 played, one called off, one refused."""
    seasons = [batch for batch in logs if "play_off" not in batch.file]
    assert len(seasons) == 36
    for batch in seasons:
        (season,) = {match.season for match in batch.matches}
        assert batch.file.endswith(f"log-{season + 1}.csv")
        assert {match.stage for match in batch.matches} == {"regular"}
        assert batch.rows_read == 2 * REGULAR[season]
        assert len(batch.matches) == REGULAR[season] - (season == MIXED_UP.match_date.year)
    assert sum(batch.rows_read for batch in seasons) == 81_658
    assert len(all_matches(seasons)) == 40_828
    played = [match for match in all_matches(seasons) if match.status is MatchStatus.FINAL]
    assert len(played) == 40_827
    assert sum(len(batch.stats) for batch in seasons) == 2 * 40_827
    # 1,284,914 filled cells of 16 columns, without two attempts that are fewer than the shots made
    assert sum(len(box.stats) for batch in seasons for box in batch.stats) == 1_284_912


def test_the_play_off_file_holds_eleven_play_offs(logs: list[Batch]) -> None:
    (batch,) = [batch for batch in logs if "play_off" in batch.file]
    assert (batch.rows_read, len(batch.matches), batch.rejected) == (1834, 917, [])
    assert Counter(match.season for match in batch.matches) == PLAYOFFS
    assert {match.stage for match in batch.matches} == {"playoff"}
    assert sum(len(box.stats) for box in batch.stats) == 29_344 == 1834 * 16


def test_what_is_refused_in_all_logs_is_one_game_and_two_cells(logs: list[Batch]) -> None:
    refused = [(Path(row.file).name, row.line, row.code) for batch in logs for row in batch.rejected]
    assert refused == [
        ("log-1985.csv", 1070, "bad-stat"),  # a three made, none attempted
        ("log-1985.csv", 1071, "bad-stat"),
        ("log-1997.csv", 144, "contradiction"),  # MIN 240 against 216
        ("log-1997.csv", 145, "contradiction"),
    ]


def test_the_game_that_was_called_off_is_no_nil_nil(logs: list[Batch]) -> None:
    off = [match for match in all_matches(logs) if match.status is not MatchStatus.FINAL]
    assert [key_of(match) for match in off] == [MARATHON]
    assert (off[0].status, off[0].home_score, off[0].known_at) == (MatchStatus.CANCELLED, None, None)
    assert all(match.home_score and match.away_score for match in all_matches(logs) if match != off[0])


def test_the_teams_of_all_logs_are_thirty_franchises(logs: list[Batch]) -> None:
    teams = {name for match in all_matches(logs) for name in (match.home, match.away)}
    assert len(teams) == 30
    assert teams <= set(LEAGUES["nba"].teams)


def test_minutes_are_48_and_five_for_each_overtime_in_both_layouts(logs: list[Batch]) -> None:
    minutes = Counter(box["minutes"] for box in boxes(logs).values())
    assert minutes == {48: 78_530, 53: 4_226, 58: 616, 63: 98, 68: 16, 73: 2}
    assert minutes.total() == 83_488


def test_every_row_of_games_csv_is_a_match_or_refused_with_its_reason(games: Batch) -> None:
    """24,720 rows: 1,643 of the preseason (99 of them without numbers) and 29 that stand twice."""
    assert (games.rows_read, len(games.matches), len(games.stats)) == (24_720, 23_048, 46_096)
    codes = Counter(row.code for row in games.rejected)
    assert codes == {"not-a-league-game": 1_643, "duplicate-match": 29, "contradicting-duplicate": 2}
    assert 23_048 + 1_643 + 29 == 24_720
    preseason = [row for row in games.rejected if row.code == "not-a-league-game"]
    assert sum(",,,,,," in row.raw for row in preseason) == 99
    assert Counter(match.stage for match in games.matches) == {"regular": 21_537, "playoff": 1_504 + 7}
    assert {match.status for match in games.matches} == {MatchStatus.FINAL}
    assert {match.season for match in games.matches} == set(range(2003, 2021))
    # six values a team; two that the second row of a game tells differently
    assert sum(len(box.stats) for box in games.stats) == 6 * 46_096 - 2


def test_every_row_of_the_team_stats_is_half_a_game(team_stats: Batch) -> None:
    assert (team_stats.rows_read, len(team_stats.matches), team_stats.rejected) == (9_840, 4_920, [])
    assert Counter(match.season for match in team_stats.matches) == dict.fromkeys(range(2014, 2018), 1230)
    assert sum(len(box.stats) for box in team_stats.stats) == 9_840 * 14


def test_franchises_and_results_are_those_of_fivethirtyeight(logs: list[Batch], elo: Batch) -> None:
    """36,328 games of the seasons 1983 to 2014: 36,326 alike in everything, two that 538 does not have.

    One was called off. One is filed under the day on which it began; FiveThirtyEight has it on 7 March 2008,
    when its end was played again. The one that is refused here (108:79) is 101:86 there, the same 187 points.
    """
    ours = [match for match in all_matches(logs) if match.season <= 2014]
    theirs = results(elo.matches)
    alike = [key for key, told in results(ours).items() if theirs.get(key) == told]
    assert (len(ours), len(alike)) == (36_328, 36_326)
    assert {key_of(match) for match in ours} - set(alike) == {MARATHON, REPLAYED}
    assert theirs[MIXED_UP] == (1996, "regular", 101, 86)
    assert theirs[REPLAYED._replace(match_date=date(2008, 3, 7))] == (2007, "regular", 114, 111)


def test_fivethirtyeight_has_no_regular_game_more(logs: list[Batch], elo: Batch) -> None:
    ours = results(all_matches(logs))
    theirs = results(match for match in elo.matches if 1983 <= match.season <= 2014)
    regular = {key for key, told in theirs.items() if told[1] == "regular"}
    assert len(regular) == 35_908
    assert regular - ours.keys() == {MIXED_UP, REPLAYED._replace(match_date=date(2008, 3, 7))}
    playoffs = {key for key, told in theirs.items() if told[1] == "playoff" and told[0] in PLAYOFFS}
    assert len(playoffs) == 420
    assert playoffs <= ours.keys()


def test_the_replayed_game_is_known_when_its_end_was_played_again(logs: list[Batch], games: Batch) -> None:
    ended = datetime(2008, 3, 9, 5, tzinfo=UTC)
    for matches in (all_matches(logs), games.matches):
        (replayed,) = [match for match in matches if key_of(match) == REPLAYED]
        assert replayed.known_at == ended


def test_game_logs_and_games_csv_tell_the_same_results(logs: list[Batch], games: Batch) -> None:
    """20,315 games stand in both, all alike; games.csv lacks none that was played since 2003."""
    ours, theirs = results(all_matches(logs)), results(games.matches)
    both = ours.keys() & theirs.keys()
    assert len(both) == 20_315
    assert all(ours[key] == theirs[key] for key in both)
    assert {key for key in ours if key.match_date >= date(2003, 8, 1)} == both


def test_counts_of_games_csv_are_those_of_the_logs(logs: list[Batch], games: Batch) -> None:
    """121,890 counts (points, assists, rebounds) alike, and all but 14 of 121,890 percentages.

    A percentage agrees when it is the made over the attempted shots, to its third place. The 14 lie in eleven
    games of 2004 to 2007; eight are three-pointers of teams that made none, going by the logs.
    """
    ours, theirs = boxes(logs), boxes([games])
    compared: Counter[str] = Counter()
    differ: Counter[str] = Counter()
    for team in ours.keys() & theirs.keys():
        for name, value in theirs[team].items():
            if name in ours[team]:
                same = ours[team][name] == value
            else:
                made, attempted = (ours[team][f"{SHOTS[name]}_{what}"] for what in ("made", "attempted"))
                same = abs(made - value * attempted) <= 0.000501 * attempted
            compared[name] += 1
            differ[name] += not same
    assert compared == dict.fromkeys(compared, 40_630)
    assert +differ == {"field_goal_pct": 3, "free_throw_pct": 1, "three_pct": 10}


SHOTS = {"field_goal_pct": "field_goals", "free_throw_pct": "free_throws", "three_pct": "threes"}


def test_results_of_team_stats_are_those_of_the_logs(logs: list[Batch], team_stats: Batch) -> None:
    """4,920 games, one apart: Cleveland scored 123 in New York on 9 April 2018, one free throw more."""
    ours, theirs = results(all_matches(logs)), results(team_stats.matches)
    apart = {key: (told, ours[key]) for key, told in theirs.items() if told != ours[key]}
    assert len(theirs) == 4_920
    assert apart == {
        MatchKey(date(2018, 4, 9), "Knicks", "Cavaliers"): (
            (2017, "regular", 109, 122),
            (2017, "regular", 109, 123),
        )
    }


def test_box_scores_of_team_stats_are_those_of_the_logs(logs: list[Batch], team_stats: Batch) -> None:
    """127,920 values compared, 81 apart, by one or two: 74 of 2017-18, when the copy was made.

    The league corrects box scores for days after a game; the copy ends with the last day of that season.
    """
    ours, theirs = boxes(logs), boxes([team_stats])
    compared = 0
    apart: Counter[str] = Counter()
    widest = 0.0
    seasons: Counter[int] = Counter()
    for team, told in theirs.items():
        for name, value in told.items():
            if name in ours[team]:
                compared += 1
                if ours[team][name] != value:
                    apart[name] += 1
                    widest = max(widest, abs(ours[team][name] - value))
                    seasons[team[0].match_date.year - (team[0].match_date.month < 9)] += 1
    assert compared == 127_920 == 9_840 * 13
    assert apart == {
        "fouls": 19, "rebounds": 16, "free_throws_attempted": 11, "field_goals_attempted": 8,
        "offensive_rebounds": 7, "threes_attempted": 6, "assists": 4, "blocks": 4, "steals": 4, "points": 1,
        "free_throws_made": 1,
    }  # fmt: skip
    assert (widest, apart.total()) == (2, 81)
    assert seasons == {2015: 3, 2016: 4, 2017: 74}


def test_turnovers_of_team_stats_lack_those_of_the_team(logs: list[Batch], team_stats: Batch) -> None:
    """None to five fewer than the league's count in 9,832 of 9,840 box scores; one more in 8 of 2017-18."""
    ours, theirs = boxes(logs), boxes([team_stats])
    fewer = Counter(ours[team]["turnovers"] - told["player_turnovers"] for team, told in theirs.items())
    assert fewer == {-1: 8, 0: 5_423, 1: 3_213, 2: 948, 3: 201, 4: 44, 5: 3}
