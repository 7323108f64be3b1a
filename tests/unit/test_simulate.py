"""The simulated league: its truth is the truth, its future is hidden, its bytes read back."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from sportsplat.domain import MatchStatus
from sportsplat.errors import InputRefused, UsageError
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.simulate import (
    FIRST_SEASON,
    TEAMS,
    SimulatedMatch,
    SimulateSource,
    payloads,
    simulate,
)

LATER = datetime(2040, 1, 1, tzinfo=UTC)
ROUNDS = 4 * (len(TEAMS) - 1)


@pytest.fixture(scope="module")
def world() -> list[SimulatedMatch]:
    return simulate(seed=11, last_season=FIRST_SEASON + 9)


def test_every_team_plays_each_other_team_twice_at_home_a_season(world: list[SimulatedMatch]) -> None:
    pairs = Counter((match.season, match.home, match.away) for match in world)
    assert set(pairs.values()) == {2}
    assert len(pairs) == 10 * len(TEAMS) * (len(TEAMS) - 1)
    assert len(world) == 10 * ROUNDS * len(TEAMS) // 2


def test_no_team_plays_twice_a_day_and_some_play_on_consecutive_days(world: list[SimulatedMatch]) -> None:
    days: dict[str, list[datetime]] = {}
    for match in world:
        for team in (match.home, match.away):
            days.setdefault(team, []).append(match.kickoff_utc)
    gaps = Counter(
        (later.date() - earlier.date()).days
        for played in days.values()
        for earlier, later in pairwise(played)
    )
    assert min(gaps) == 1
    assert gaps[1] > 20


def test_the_truth_is_calibrated_against_the_results(world: list[SimulatedMatch]) -> None:
    """The sum of (result - truth) has variance sum p(1-p): it stays within four standard deviations."""
    truth = np.array([match.truth for match in world])
    home_won = np.array([match.home_points > match.away_points for match in world])
    for low, high in ((0.0, 0.4), (0.4, 0.6), (0.6, 1.0)):
        part = (truth >= low) & (truth < high)
        surprise = (home_won[part] - truth[part]).sum() / np.sqrt((truth[part] * (1 - truth[part])).sum())
        assert abs(surprise) < 4, (low, high, surprise)


def test_the_close_knows_more_than_the_opening_and_both_take_a_margin(world: list[SimulatedMatch]) -> None:
    truth = np.array([match.truth for match in world])
    opening = 1 / np.array([match.opening_odds for match in world])
    closing = 1 / np.array([match.closing_odds for match in world])
    assert np.allclose(opening.sum(axis=1), 1.05, atol=0.005)
    assert np.allclose(closing.sum(axis=1), 1.04, atol=0.005)
    opening_error = np.abs(opening[:, 0] / opening.sum(axis=1) - truth).mean()
    closing_error = np.abs(closing[:, 0] / closing.sum(axis=1) - truth).mean()
    assert closing_error < 0.6 * opening_error


def test_the_same_seed_gives_the_same_past_whatever_comes_later(world: list[SimulatedMatch]) -> None:
    shorter = simulate(seed=11, last_season=FIRST_SEASON + 2)
    assert shorter == world[: len(shorter)]
    assert simulate(seed=12, last_season=FIRST_SEASON)[0] != world[0]


def test_every_seed_plays_the_same_fixtures(world: list[SimulatedMatch]) -> None:
    """So that a second seed replaces the first in the database, and two worlds never stand side by side."""
    other = simulate(seed=12, last_season=FIRST_SEASON + 9)
    for name in ("season", "kickoff_utc", "home", "away", "neutral"):
        assert [getattr(match, name) for match in other] == [getattr(match, name) for match in world]
    assert [match.home_points for match in other] != [match.home_points for match in world]


def test_an_observer_finds_no_result_price_or_truth_that_is_not_there_yet() -> None:
    now = datetime(FIRST_SEASON, 6, 15, 20, 0, tzinfo=UTC)
    (payload,) = payloads(seed=3, seasons=[FIRST_SEASON], now=now)
    batch = SimulateSource().parse(payload, None, load_leagues())
    assert not batch.rejected
    assert len(batch.matches) == batch.rows_read == 480
    for match in batch.matches:
        assert (match.status is MatchStatus.FINAL) == (match.kickoff_utc + timedelta(hours=3) <= now)
        assert (match.home_score is None) == (match.status is MatchStatus.SCHEDULED)
    assert {match.status for match in batch.matches} == {MatchStatus.FINAL, MatchStatus.SCHEDULED}
    assert all(quote.known_at <= now for quote in batch.quotes)
    assert all(stats.known_at <= now for stats in batch.stats)
    assert any(not quote.is_closing and quote.known_at > now - timedelta(days=1) for quote in batch.quotes)


def test_bytes_read_back_as_the_world_that_wrote_them() -> None:
    (payload,) = payloads(seed=3, seasons=[FIRST_SEASON], now=LATER)
    batch = SimulateSource().parse(payload, None, load_leagues())
    for simulated, match, forecast in zip(
        simulate(3, FIRST_SEASON), batch.matches, batch.forecasts, strict=True
    ):
        assert (match.home, match.away, match.kickoff_utc, match.neutral) == (
            simulated.home,
            simulated.away,
            simulated.kickoff_utc,
            simulated.neutral,
        )
        assert (match.home_score, match.away_score) == (simulated.home_points, simulated.away_points)
        assert forecast.publisher == "truth"
        assert forecast.probabilities[0] == simulated.truth
    assert len(batch.quotes) == 6 * len(batch.matches)
    assert len(batch.stats) == 2 * len(batch.matches)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("home_points", "-3", "a whole number from 0"),
        ("home_points", "many", "a whole number from 0"),
        ("open_home", "0.9", "decimal odds are above 1"),
        ("truth_home", "1.5", "between 0 and 1"),
        ("away", "", "away is blank"),
        ("open_home", "inf", "not a finite number"),
        ("season", "99", "a season is a calendar year"),
        ("kickoff_utc", "2010-01-10T18:00:00", "with its zone"),
        ("kickoff_utc", "soon", "an ISO time with its zone"),
    ],
)
def test_a_spoilt_row_is_rejected_with_its_reason_and_leaves_nothing_behind(
    column: str, value: str, reason: str
) -> None:
    (payload,) = payloads(seed=3, seasons=[FIRST_SEASON], now=LATER)
    header, first, *others = payload.data.decode().splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True)) | {column: value}
    spoilt = Payload.of("spoilt.csv", "\n".join([header, ",".join(cells.values()), *others]).encode())
    batch = SimulateSource().parse(spoilt, None, load_leagues())
    (rejected,) = batch.rejected
    assert rejected.line == 2
    assert reason in rejected.reason
    assert len(batch.matches) == len(batch.forecasts) == batch.rows_read - 1
    assert len(batch.quotes) == 6 * len(batch.matches)


def test_another_file_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        SimulateSource().parse(Payload.of("x.csv", b"a,b\n1,2\n"), None, load_leagues())
    assert refused.value.error_code == "NOT_THIS_FORMAT"


def test_a_season_before_the_first_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=str(FIRST_SEASON - 1)):
        payloads(seed=1, seasons=[FIRST_SEASON - 1], now=LATER)
