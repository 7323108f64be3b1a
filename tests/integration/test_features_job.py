"""`features`: read from the database, built, stored, written to a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sportsplat.db.read.frames import quotes_frame
from sportsplat.db.write.staging import Tally
from sportsplat.errors import InputRefused, NotFound, UsageError
from sportsplat.features.build import build_features
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.modelling.features import features, parse_moment, read_frames
from tests.conftest import Database
from tests.season_files import PRICES, season_file
from tests.stored_league import store_league

WINDOWS = [5, 10]


@pytest.fixture
def stored(database: Database, context: Context) -> pd.DataFrame:
    """Matches of a made-up league, stored."""
    with database.connect() as connection:
        return store_league(connection, context.league("epl"))


def stored_values(database: Database) -> tuple[list[int], np.ndarray]:
    with database.connect() as connection:
        rows = connection.execute("SELECT match_id, values FROM match_features ORDER BY match_id").fetchall()
    return [row[0] for row in rows], np.array([row[1] for row in rows])


def test_what_is_stored_is_what_the_core_builds(
    stored: pd.DataFrame, database: Database, context: Context
) -> None:
    answer = features(context, "epl")
    with context.connect("read") as connection:
        frames = read_frames(connection, context.league("epl"))
    built = build_features(frames.matches, context.league("epl"), windows=WINDOWS, stats=frames.stats)
    match_ids, values = stored_values(database)
    assert sorted(built.frame.index) == match_ids
    np.testing.assert_array_equal(built.frame.sort_index().to_numpy(), values)
    assert answer.manifest == built.manifest
    assert answer.names == built.names
    assert "expected_shots_difference" in built.names
    assert answer.stored == Tally(inserted=len(stored))
    with database.connect() as connection:
        row = connection.execute("SELECT names FROM feature_manifests WHERE hash = %s", (built.manifest,))
        assert row.fetchone() == (list(built.names),)


def test_a_second_run_changes_nothing(stored: pd.DataFrame, database: Database, context: Context) -> None:
    features(context, "epl")
    assert features(context, "epl").stored == Tally(unchanged=len(stored))
    with database.connect() as connection:
        early = int(stored.loc[stored["final"], "match_id"].iloc[20])
        connection.execute("UPDATE matches SET home_score = 9 WHERE id = %s", (early,))
        connection.commit()
    again = features(context, "epl").stored
    assert again is not None
    assert 0 < again.updated < len(stored)
    assert again.updated + again.unchanged == len(stored)


def test_as_of_sees_no_later_result_and_stores_nothing(
    stored: pd.DataFrame, database: Database, context: Context, tmp_path: Path
) -> None:
    moment = stored["kickoff_utc"].iloc[60]
    whole, then = tmp_path / "whole.parquet", tmp_path / "then.parquet"
    features(context, "epl", out=whole)
    before = stored_values(database)
    answer = features(context, "epl", as_of=moment.isoformat(), out=then)
    assert answer.stored is None
    assert answer.played == int((stored["known_at"] <= moment).sum())
    np.testing.assert_array_equal(stored_values(database)[1], before[1])
    full, cut = (_without_results(pd.read_parquet(file)) for file in (whole, then))
    decided = (full["kickoff_utc"] <= moment).to_numpy()
    pd.testing.assert_frame_equal(full[decided], cut[decided], check_exact=True)
    assert not full.equals(cut)


def _without_results(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=[*table.attrs["results"], *table.attrs["market"]])


def test_a_csv_names_the_teams(stored: pd.DataFrame, context: Context, tmp_path: Path) -> None:
    out = tmp_path / "features.csv"
    features(context, "epl", out=out)
    table = pd.read_csv(out)
    assert len(table) == len(stored)
    assert table["home"].str.startswith("Team ").all()
    assert not list(tmp_path.glob(".*.unfinished"))


def test_a_league_of_which_nothing_is_stored_is_refused(context: Context) -> None:
    with pytest.raises(InputRefused, match="no match of epl is stored"):
        features(context, "epl")


def test_a_league_that_does_not_exist_is_not_found(context: Context) -> None:
    with pytest.raises(NotFound, match="epll"):
        features(context, "epll")


@pytest.mark.parametrize(
    ("out", "code"), [("features.xlsx", "BAD_FORMAT"), ("nowhere/features.csv", "NO_FOLDER")]
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(
    context: Context, tmp_path: Path, out: str, code: str
) -> None:
    with pytest.raises(UsageError) as refused:
        features(context, "epl", out=tmp_path / out)
    assert refused.value.error_code == code


def test_a_day_begins_at_the_leagues_place(context: Context) -> None:
    nba = context.league("nba")
    assert parse_moment("2021-02-14", nba).isoformat() == "2021-02-14T05:00:00+00:00"
    assert parse_moment("2021-02-14T05:00", nba) == parse_moment("2021-02-14T00:00-05:00", nba)
    with pytest.raises(UsageError, match="'yesterday'"):
        parse_moment("yesterday", nba)


def a_season(folder: Path, *, factor: int = 1, prices: str = PRICES) -> Path:
    """A season of six teams and sixty matches with so many times their shots, and these prices."""
    teams = ["Arsenal", "Chelsea", "Everton", "Fulham", "Leeds", "Leicester"]
    pairs = [(home, away) for home in teams for away in teams if home != away]
    rows = []
    for place, (home, away) in enumerate(pairs * 2):
        day = date(2020, 9, 12) + timedelta(days=2 * place)
        shots = f"{(2 + place % 7) * factor},{(1 + place % 5) * factor}"
        result = f"{place % 4},{place % 3},{'HDA'[(place % 4 <= place % 3) + (place % 4 < place % 3)]}"
        rows.append(f"E0,{day:%d/%m/%Y},{home},{away},{result},{shots},{prices}")
    return season_file(folder, rows)


def test_a_correction_moves_no_feature_of_the_time_before_it(
    database: Database, context: Context, tmp_path: Path
) -> None:
    """Absurd shots and prices are told in June: as of May nobody had heard of them, today they count."""
    march, june = (datetime(2021, month, 1, tzinfo=UTC) for month in (3, 6))
    ingest(context, "football-data", [a_season(tmp_path / "march")], as_of=march)
    before, after, later = (tmp_path / f"{name}.parquet" for name in ("before", "after", "later"))
    features(context, "epl", as_of="2021-05-14", out=before)
    features(context, "epl")
    stored_before = stored_values(database)[1]

    absurd = a_season(tmp_path / "june", factor=50, prices="1.01,40,900,1.01,50,800")
    told = ingest(context, "football-data", [absurd], as_of=june)

    assert told.stats.updated == 120
    assert told.quotes.updated == 360
    features(context, "epl", as_of="2021-05-14", out=after)
    pd.testing.assert_frame_equal(pd.read_parquet(before), pd.read_parquet(after), check_exact=True)
    features(context, "epl", as_of="2021-06-02", out=later)
    features(context, "epl")
    stored_after = stored_values(database)[1]
    assert not np.array_equal(stored_before, stored_after, equal_nan=True)
    assert not pd.read_parquet(before).equals(pd.read_parquet(later))
    with context.connect("read") as connection:
        moment = parse_moment("2021-05-14", context.league("epl"))
        quotes = quotes_frame(connection, "epl", known_at=moment, as_held=True)
        assert quotes["decimal_odds"].max() == 3.9
        assert quotes_frame(connection, "epl")["decimal_odds"].max() == 900
