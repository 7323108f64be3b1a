"""Our Elo repeats the forecasts that FiveThirtyEight published for every NBA game from 1977 to 2015.

Expected numbers: column `forecast` of nbaallelo.csv (FiveThirtyEight, "The Complete History Of The NBA", CC
BY 4.0). One game differs: the last one, game 6 of the 2015 finals. Its published rating came from a fifth
game that counted as won by 8, as it stood when that table was made; it ended 104-91.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sportsplat.features.build import build_features
from sportsplat.leagues.league import League, get_league
from sportsplat.ratings.elo import expected

pytestmark = pytest.mark.real_data

COLUMNS = [
    "game_id",
    "_iscopy",
    "year_id",
    "date_game",
    "fran_id",
    "pts",
    "opp_fran",
    "opp_pts",
    "game_location",
    "forecast",
]
LAST_GAME = "201506170CLE"
COMPLETED_SAME_DAY = ["197903231PHI", "198304131SAS", "200803080ATL"]


@pytest.fixture(scope="module")
def games(real_data: Path) -> pd.DataFrame:
    """One row per game, the home team's, in the order of the file."""
    rows = pd.read_csv(
        real_data / "fivethirtyeight" / "nba-elo" / "nbaallelo.csv.gz",
        usecols=COLUMNS,
    )
    home = rows["game_location"].eq("H") | (rows["game_location"].eq("N") & rows["_iscopy"].eq(0))
    return rows[home].reset_index(drop=True)


def matches_of(games: pd.DataFrame, league: League, *, one_after_the_other: bool) -> pd.DataFrame:
    """The games as a matches frame: known at the end of the day, or each before the next one begins."""
    days = pd.to_datetime(games["date_game"], format="%m/%d/%Y")
    midnight = days.dt.tz_localize(league.timezone)
    start, known = midnight, (days + pd.Timedelta(days=1)).dt.tz_localize(league.timezone)
    if one_after_the_other:
        start = midnight + pd.to_timedelta(games.groupby("date_game").cumcount(), unit="min")
        known = start + pd.Timedelta(seconds=30)
    teams = {name: i for i, name in enumerate(sorted({*games["fran_id"], *games["opp_fran"]}), start=1)}
    return pd.DataFrame(
        {
            "match_id": np.arange(1, len(games) + 1),
            "season": games["year_id"] - 1,
            "match_date": days.astype("datetime64[s]"),
            "kickoff_utc": start.dt.tz_convert("UTC").astype("datetime64[us, UTC]"),
            "home_id": games["fran_id"].map(teams),
            "away_id": games["opp_fran"].map(teams),
            "number": np.int16(1),
            "neutral": games["game_location"].eq("N"),
            "final": True,
            "home_score": games["pts"].astype("float64"),
            "away_score": games["opp_pts"].astype("float64"),
            "known_at": known.dt.tz_convert("UTC").astype("datetime64[us, UTC]"),
        }
    )


def strayed(games: pd.DataFrame, *, one_after_the_other: bool) -> list[str]:
    """Games since the season that ended in 1977 whose forecast ours misses by more than 1e-4."""
    league = get_league("nba")
    matches = matches_of(games, league, one_after_the_other=one_after_the_other)
    ours = expected(build_features(matches, league, windows=[5]).frame["elo_difference"].to_numpy())
    error = np.abs(ours - games["forecast"].to_numpy())
    since_1977 = games["year_id"].to_numpy() >= 1977
    return sorted(games["game_id"][since_1977 & (error > 1e-4)])


def test_the_file_is_whole(games: pd.DataFrame) -> None:
    assert len(games) == 63_157
    assert games["game_location"].eq("N").sum() == 19


def test_every_forecast_but_one_is_repeated(games: pd.DataFrame) -> None:
    assert strayed(games, one_after_the_other=True) == [LAST_GAME]


def test_a_day_known_only_as_a_day_hides_the_first_of_two_games(games: pd.DataFrame) -> None:
    """Three protested games were completed on a day on which a team also played another game.

    Their results became known during a day whose hours the file does not give, so the second game may not
    use them.
    """
    assert strayed(games, one_after_the_other=False) == sorted([*COMPLETED_SAME_DAY, LAST_GAME])


def test_log_loss_of_the_seasons_2000_to_2015(games: pd.DataFrame) -> None:
    """What later models are measured against: 0.6017 on 20,546 games."""
    league = get_league("nba")
    matches = matches_of(games, league, one_after_the_other=False)
    ours = expected(build_features(matches, league, windows=[5]).frame["elo_difference"].to_numpy())
    chosen = games["year_id"].between(2000, 2015).to_numpy()
    won = (games["pts"] > games["opp_pts"]).to_numpy()
    loss = -np.log(np.where(won, ours, 1 - ours))[chosen]
    assert len(loss) == 20_546
    assert loss.mean() == pytest.approx(0.6017, abs=5e-5)
