"""Features with Elo of every NBA game to 2015, beside the barest arithmetic that gives such numbers.

The floor sorts once with NumPy and takes differences of cumulative sums (form over 5 and 10, rest, streak,
head to head), then runs Elo in one plain loop. It knows nothing of when results became known, of unplayed
matches or gaps.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.common import BenchRow, paired, timed
from sportsplat.config.load import load_settings
from sportsplat.features.asof import History
from sportsplat.features.build import build_features, plan_for, values_of
from sportsplat.jobs.context import Context, open_context
from sportsplat.jobs.environment import down, up
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.modelling.features import features
from sportsplat.leagues.league import League, get_league

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CORE_GOAL_S = 0.060  # for 69 thousand games
GROWTH_GOAL = 1.05
# Window functions in SQL need 5.2 s for 44 thousand games; the goal is 3.5 times as fast, with foreign keys.
SQL_S, SQL_GAMES, SQL_GOAL = 5.2, 44_000, 3.5
NBA_FILE = Path("fivethirtyeight", "nba-elo", "nbaallelo.csv.gz")
SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)


def rows() -> list[BenchRow]:
    """Time the core arrays and the whole frame beside the floor, and growth with the number of games."""
    folder = os.environ.get("SPORTSPLAT_REAL_DATA")
    if not folder:
        return []
    league = get_league("nba")
    games = nba_games(Path(folder), league)
    plan = plan_for(league, (5, 10))
    core_s, floor_s = paired(lambda: values_of(History.of(games), None, plan), floor_of(games, league))
    frame_s, again_s = paired(lambda: build_features(games, league, windows=(5, 10)), floor_of(games, league))
    exponent, points = growth(games, league)
    n = len(games)
    return [
        BenchRow(f"features with Elo, {n:,} games", core_s, floor_s, note="core arrays", goal_s=CORE_GOAL_S),
        BenchRow("the same as a frame", frame_s, again_s, note="build_features"),
        BenchRow(
            f"growth from {SHARES[0]:.0%} to 100%",
            points[-1],
            points[0],
            goal_ratio=(SHARES[-1] / SHARES[0]) ** GROWTH_GOAL,
            note=f"exponent {exponent:.2f}, goal {GROWTH_GOAL}; beside our own 10%",
        ),
        stored_row(Path(folder)),
    ]


def stored_row(folder: Path) -> BenchRow:
    """Time the whole way of `sportsplat features nba`: read, built, stored with foreign keys, first time."""
    with tempfile.TemporaryDirectory(prefix="sportsplat-bench-") as project:
        overrides = {"infra.backend": "embedded"}
        settings = load_settings(project_dir=Path(project), overrides=overrides, environ={})
        up(settings)
        try:
            context = open_context(settings)
            ingest(context, "fivethirtyeight-nba", [folder / NBA_FILE])
            seconds = [_first_time(context) for _ in range(3)]
        finally:
            down(settings, volumes=True)
    goal_s = SQL_S / SQL_GOAL * (63_157 / SQL_GAMES)
    note = "read, built, stored; SQL window functions: 5.2 s for 44 thousand"
    return BenchRow("features into PostgreSQL", statistics.median(seconds), note=note, goal_s=goal_s)


def _first_time(context: Context) -> float:
    with context.connect("app") as connection:
        connection.execute("DELETE FROM match_features")
    return timed(lambda: features(context, "nba"))


def nba_games(folder: Path, league: League) -> pd.DataFrame:
    """Every game of nbaallelo.csv as a matches frame, known at the end of its day."""
    columns = ["_iscopy", "year_id", "date_game", "fran_id", "opp_fran", "pts", "opp_pts", "game_location"]
    rows = pd.read_csv(folder / NBA_FILE, usecols=columns)
    own = rows["game_location"].eq("H") | (rows["game_location"].eq("N") & rows["_iscopy"].eq(0))
    games = rows[own].reset_index(drop=True)
    days = pd.to_datetime(games["date_game"], format="%m/%d/%Y")
    known_at = (days + pd.Timedelta(days=1)).dt.tz_localize(league.timezone)
    teams = pd.factorize(np.concatenate([games["fran_id"], games["opp_fran"]]))[0].reshape(2, -1) + 1
    frame = pd.DataFrame(
        {
            "match_id": np.arange(1, len(games) + 1),
            "season": games["year_id"] - 1,
            "match_date": days.astype("datetime64[s]"),
            "kickoff_utc": days.dt.tz_localize(league.timezone).dt.tz_convert("UTC"),
            "home_id": teams[0],
            "away_id": teams[1],
            "number": np.int16(1),
            "neutral": games["game_location"].eq("N"),
            "final": True,
            "home_score": games["pts"].astype(np.float64),
            "away_score": games["opp_pts"].astype(np.float64),
            "known_at": known_at.dt.tz_convert("UTC"),
        }
    )
    moments = dict.fromkeys(["kickoff_utc", "known_at"], "datetime64[us, UTC]")
    return frame.astype(moments).sort_values(["kickoff_utc", "match_id"], ignore_index=True)


def growth(games: pd.DataFrame, league: League, repeats: int = 7) -> tuple[float, list[float]]:
    """Exponent of time against games (slope of the logarithms), and the seconds of each share."""
    plan = plan_for(league, (5, 10))
    parts = [games.iloc[: int(len(games) * share)].reset_index(drop=True) for share in SHARES]

    def work(part: pd.DataFrame) -> Callable[[], object]:
        return lambda: values_of(History.of(part), None, plan)

    points = [paired(work(part), lambda: None, repeats)[0] for part in parts]
    sizes = [len(part) for part in parts]
    return float(np.polyfit(np.log(sizes), np.log(points), 1)[0]), points


def floor_of(games: pd.DataFrame, league: League) -> Callable[[], object]:
    """Return the floor as a call, its arrays made beforehand."""
    home, away = games["home_id"].to_numpy(), games["away_id"].to_numpy()
    day = games["match_date"].to_numpy().astype("datetime64[D]").view(np.int64)
    margin = (games["home_score"] - games["away_score"]).to_numpy().astype(np.int64)
    neutral, season = games["neutral"].to_numpy(), games["season"].to_numpy()

    def floor() -> object:
        return (
            floor_form(home, away, day, margin),
            floor_head_to_head(home, away, margin),
            floor_elo(home, away, margin, neutral, season, league),
        )

    return floor


def shifted_sums(group: Ints, order: Ints, value: Ints, window: int) -> tuple[Ints, Ints]:
    """Sum of up to `window` earlier values of the same group, and their number, in the sorted order."""
    total = np.concatenate(([0], np.cumsum(value[order])))
    position = np.arange(len(order))
    grouped = group[order]
    first = np.maximum.accumulate(np.where(np.r_[True, grouped[1:] != grouped[:-1]], position, 0))
    begin = np.maximum(first, position - window)
    return total[position] - total[begin], position - begin


def floor_form(home: Ints, away: Ints, day: Ints, margin: Ints) -> list[Floats]:
    """Form over 5 and 10, rest and streak per team and game, with NumPy alone."""
    team, days = np.concatenate((home, away)), np.concatenate((day, day))
    margins = np.concatenate((margin, -margin))
    order = np.lexsort((days, team))
    won = (margins > 0).astype(np.int64)
    found: list[Floats] = []
    for window in (5, 10):
        for value in (won, margins):
            total, count = shifted_sums(team, order, value, window)
            found.append(total / np.maximum(count, 1))
    rest = np.diff(days[order], prepend=0)
    sorted_won, sorted_team = won[order], team[order]
    changed = np.r_[True, (sorted_won[1:] != sorted_won[:-1]) | (sorted_team[1:] != sorted_team[:-1])]
    position = np.arange(len(order))
    run = position - np.maximum.accumulate(np.where(changed, position, 0)) + 1
    streak = np.r_[0, (run * (2 * sorted_won - 1))[:-1]]
    for values in (rest, streak):
        back = np.empty(len(order))
        back[order] = values
        found.append(back)
    return found


def floor_head_to_head(home: Ints, away: Ints, margin: Ints) -> list[Floats]:
    """Win share and score difference over the last ten meetings."""
    low = np.minimum(home, away)
    pair = low * 1000 + np.maximum(home, away)
    order = np.argsort(pair, kind="stable")
    view = np.where(home == low, margin, -margin)
    found = []
    for value in ((view > 0).astype(np.int64), view):
        total, count = shifted_sums(pair, order, value, 10)
        found.append(total / np.maximum(count, 1))
    return found


def floor_elo(
    home: Ints, away: Ints, margin: Ints, neutral: npt.NDArray[np.bool_], season: Ints, league: League
) -> list[float]:
    """Elo in one plain loop over lists, the power of the margin taken out; ratings before each game."""
    p = league.elo
    gains = (p.k * (np.abs(margin) + 3.0) ** 0.8).tolist()
    columns = (home, away, (margin > 0), np.where(neutral, 0.0, p.home_advantage), season)
    rating: dict[int, float] = {}
    seen: dict[int, int] = {}
    before: list[float] = []
    for gain, h, a, won, advantage, year in zip(gains, *(c.tolist() for c in columns), strict=True):
        mine, theirs = rating.get(h, p.initial), rating.get(a, p.initial)
        if seen.get(h, year) != year:
            mine = p.mean + p.carry_over * (mine - p.mean)
        if seen.get(a, year) != year:
            theirs = p.mean + p.carry_over * (theirs - p.mean)
        seen[h] = seen[a] = year
        d = mine - theirs + advantage
        expected = 1.0 / (1.0 + 10.0 ** (-d / 400.0))
        moved = gain * (won - expected) / (7.5 + 0.006 * (d if won else -d))
        before.append(mine)
        before.append(theirs)
        rating[h], rating[a] = mine + moved, theirs - moved
    return before
