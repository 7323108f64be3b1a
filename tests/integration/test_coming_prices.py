"""Prices of matches to come are offered as soon as they were read, and never before that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sportsplat.backtest.prices import find_prices
from sportsplat.db.read import frames as read
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest as ingest_files
from sportsplat.jobs.ingest.table import ingest_tables
from sportsplat.jobs.modelling.predict import predict
from sportsplat.jobs.modelling.results import Predictions
from sportsplat.jobs.modelling.train import train
from sportsplat.models.dataset import Dataset, naive_utc
from tests.conftest import Database
from tests.simulated_league import NOW, context_of, copy_of, simulated_league

BEFORE = NOW - timedelta(hours=1)
LATER = NOW + timedelta(hours=1)
BESIDE = """\
league: sim
rows: matches
date: day
kickoff: {column: start, timezone: UTC}
home: home
away: away
season: {value: 2013}
quotes: [{bookmaker: book, odds: {home: home_price, away: away_price}, closing: closed}]
"""
A_ROW_EACH = """\
league: sim
rows: quotes
date: day
kickoff: {column: start, timezone: UTC}
home: home
away: away
season: {value: 2013}
bookmaker: book
outcome: side
odds: price
closing: closed
"""


@pytest.fixture(scope="module")
def trained(
    postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("simulated")
    with simulated_league(postgres, migrated, folder) as database:
        train(context_of(database, folder), "sim", kind="elo")
        yield database


@pytest.fixture
def database(trained: Database) -> Iterator[Database]:
    with copy_of(trained) as made:
        with made.connect() as connection:  # the simulation has prices of its own
            connection.execute("TRUNCATE quotes")
        yield made


@pytest.fixture
def context(database: Database, tmp_path: Path) -> Context:
    return context_of(database, tmp_path)


def told(context: Context, at: datetime) -> Predictions:
    return predict(context, "sim", days=3, now=at)


def offered(context: Context, at: datetime) -> set[tuple[float, ...] | None]:
    found = [row.entry_price for row in told(context, at).predictions]
    assert len(found) > 2
    return {None if row is None else tuple(row.values()) for row in found}


def ingest(
    context: Context,
    folder: Path,
    prices: tuple[float, float],
    as_of: datetime,
    *,
    layout: str = BESIDE,
    book: str = "simbook",
    closed: bool = False,
) -> None:
    """Ingest a table with the same prices of every match to come."""
    rows = []
    for match in told(context, NOW).predictions:
        row = {
            "day": match.match_date,
            "start": match.kickoff_utc,
            "home": match.home,
            "away": match.away,
            "book": book,
            "closed": closed,
        }
        if layout == BESIDE:
            rows.append(row | {"home_price": prices[0], "away_price": prices[1]})
        else:
            rows += [
                row | {"side": side, "price": price}
                for side, price in zip(("home", "away"), prices, strict=True)
            ]
    table, mapping = folder / f"odds-{prices}.csv", folder / "mapping.yaml"
    pd.DataFrame(rows).to_csv(table, index=False)
    mapping.write_text(layout, encoding="utf-8")
    assert ingest_tables(context, [table], mapping, as_of=as_of).quarantined == 0


@pytest.mark.parametrize("layout", [BESIDE, A_ROW_EACH])
def test_a_price_that_was_read_before_the_match_is_an_entry_price_from_then_on(
    context: Context, tmp_path: Path, layout: str
) -> None:
    ingest(context, tmp_path, (1.8, 2.1), BEFORE, layout=layout)
    assert offered(context, NOW) == {(1.8, 2.1)}
    assert told(context, NOW).price_note is None
    assert offered(context, BEFORE - timedelta(seconds=1)) == {None}


@pytest.mark.parametrize("layout", [BESIDE, A_ROW_EACH])
def test_a_price_that_was_read_later_is_planted_in_vain(
    context: Context, tmp_path: Path, layout: str
) -> None:
    ingest(context, tmp_path, (1.8, 2.1), BEFORE, layout=layout)
    ingest(context, tmp_path, (50.0, 60.0 / 59), LATER, layout=layout)
    assert offered(context, NOW) == {(1.8, 2.1)}
    assert offered(context, LATER) == {(50.0, 60.0 / 59)}


@pytest.mark.parametrize("layout", [BESIDE, A_ROW_EACH])
def test_a_price_that_was_read_later_is_no_entry_price_of_a_backtest(
    context: Context, database: Database, tmp_path: Path, layout: str
) -> None:
    """A decision at NOW meets only the price known by then, whatever the table says now."""
    ingest(context, tmp_path, (1.8, 2.1), BEFORE, layout=layout)
    coming = [row.match_id for row in told(context, NOW).predictions]
    league = context.league("sim")

    def entries() -> list[bool]:
        with database.connect() as connection:
            quotes = read.quotes_frame(connection, league)
            schedule = read.matches_frame(connection, league)
        asked = schedule[schedule["match_id"].isin(coming)]
        size = len(asked)
        match_id = asked["match_id"].to_numpy(dtype=np.int64)
        matches = Dataset(
            league,
            match_id,
            features=pd.DataFrame(index=pd.Index(match_id)),
            outcomes=np.full((size, 2), np.nan),
            season=asked["season"].to_numpy(dtype=np.int64),
            decision_at=np.repeat(naive_utc(pd.Series([NOW])), size),
            known_at=np.repeat(np.datetime64("NaT", "us"), size),
            day=asked["match_date"].to_numpy().astype("datetime64[D]"),
            neutral=np.zeros(size, dtype=np.bool_),
            manifest="",
        )
        return list(map(bool, find_prices(quotes, matches, schedule, "power").quoted))

    assert set(entries()) == {True}
    ingest(context, tmp_path, (50.0, 60.0 / 59), LATER, layout=layout)
    assert set(entries()) == {False}


@pytest.mark.parametrize("layout", [BESIDE, A_ROW_EACH])
@pytest.mark.parametrize("order", [(BEFORE, LATER), (LATER, BEFORE)])
def test_the_same_price_read_again_is_known_since_the_first_time(
    context: Context, tmp_path: Path, layout: str, order: tuple[datetime, datetime]
) -> None:
    for as_of in order:
        ingest(context, tmp_path, (1.8, 2.1), as_of, layout=layout)
    assert offered(context, NOW) == {(1.8, 2.1)}
    assert offered(context, BEFORE - timedelta(seconds=1)) == {None}


def test_the_same_price_read_after_the_match_is_known_since_before(context: Context, tmp_path: Path) -> None:
    ingest(context, tmp_path, (1.8, 2.1), BEFORE)
    ingest(context, tmp_path, (1.8, 2.1), datetime(2014, 6, 1, tzinfo=UTC))
    assert offered(context, NOW) == {(1.8, 2.1)}


def test_a_match_without_an_entry_price_says_why(context: Context, tmp_path: Path) -> None:
    nothing = told(context, NOW)
    matches = len(nothing.predictions)
    unpriced = f"{matches} of {matches} matches have no entry price"
    assert nothing.price_note == (f"{unpriced}: no price of them was known from simbook pre-match")
    ingest(context, tmp_path, (1.8, 2.1), BEFORE, book="acme")
    other = told(context, NOW)
    assert {row.entry_price for row in other.predictions} == {None}
    assert other.price_note == (
        f"{unpriced}: known are acme pre-match; prices.entry of sim in config/leagues.yaml "
        "takes simbook pre-match. Add the bookmaker there to bet at its prices"
    )
    early = told(context, BEFORE - timedelta(hours=1))
    assert "acme" not in str(early.price_note)


def test_a_coming_nfl_game_is_priced_by_its_file_and_closed_once_it_was_played(
    context: Context, database: Database, tmp_path: Path
) -> None:
    header = (
        "game_id,season,game_type,gameday,gametime,away_team,away_score,home_team,home_score,result,total,"
        "home_moneyline,away_moneyline\n"
    )
    game = "2013_05_A,2013,REG,2013-10-06,13:00,DET,{},GB,{},{},{},{},{}\n"
    path = tmp_path / "games.csv"
    for as_of, cells in (
        (BEFORE, ("", "", "", "", "-200", "170")),
        (datetime(2013, 10, 8, tzinfo=UTC), ("9", "22", "13", "31", "-300", "250")),
    ):
        path.write_text(header + game.format(*cells))
        ingest_files(context, "nflverse", [path], as_of=as_of)
    with database.connect() as connection:
        frame = read.quotes_frame(connection, context.league("nfl"))
    found = {
        (bool(closing), known, round(odds, 3))
        for closing, known, odds in zip(
            frame["is_closing"], frame["known_at"], frame["decimal_odds"], strict=True
        )
    }
    kickoff = datetime(2013, 10, 6, 17, tzinfo=UTC)
    assert found == {(False, BEFORE, 1.5), (False, BEFORE, 2.7), (True, kickoff, 1.333), (True, kickoff, 3.5)}
