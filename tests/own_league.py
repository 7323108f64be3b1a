"""An invented league as its user would have it: one CSV with results, prices, and matches to come."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

CLUBS = (
    "Albion",
    "Belgrano",
    "Central",
    "Danubio",
    "Estudiantes",
    "Fenix",
    "Guarani",
    "Huracan",
    "Juventud",
    "Liverpool",
)
MARGIN = 1.06
HEADER = (
    "date",
    "home",
    "away",
    "home_goals",
    "away_goals",
    "home_odds",
    "draw_odds",
    "away_odds",
    "close_home",
    "close_draw",
    "close_away",
)
ROUND_DAYS = 7


def write_own_league(
    path: Path,
    today: date,
    *,
    seasons: int = 4,
    coming: int = 5,
    seed: int = 5,
    clubs: Sequence[str] = CLUBS,
) -> None:
    """Write seasons of a double round robin that end with `coming` unplayed, priced matches after `today`.

    Goals are Poisson of the clubs' strengths; prices are the true probabilities with a margin, blurred before
    the match and sharp at the close.
    """
    rng = np.random.default_rng(seed)
    strength = rng.normal(0, 0.22, len(CLUBS))
    rows: list[tuple[str | int, ...]] = []
    rounds = _rounds()
    for season in range(seasons):
        first = date(today.year - seasons + season, 2, 1)
        for place, matches in enumerate(rounds):
            for home, away in matches:
                rows.append(
                    _row(rng, strength, first + timedelta(days=ROUND_DAYS * place), home, away, clubs)
                )
    for home, away in rounds[0][:coming]:
        played = _row(rng, strength, today + timedelta(days=2), home, away, clubs)
        rows.append((*played[:3], "", "", *played[5:8], "", "", ""))
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])


def _rounds() -> list[list[tuple[int, int]]]:
    """Return a double round robin by the circle method: rounds of (home, away)."""
    clubs = list(range(len(CLUBS)))
    once = []
    for turn in range(len(clubs) - 1):
        pairs = [(clubs[place], clubs[-1 - place]) for place in range(len(clubs) // 2)]
        once.append([pair if turn % 2 else pair[::-1] for pair in pairs])
        clubs = [clubs[0], clubs[-1], *clubs[1:-1]]
    return once + [[pair[::-1] for pair in pairs] for pairs in once]


def _row(
    rng: np.random.Generator, strength: np.ndarray, day: date, home: int, away: int, clubs: Sequence[str]
) -> tuple[str | int, ...]:
    rates = np.exp(0.3 + strength[home] - strength[away]), np.exp(0.05 + strength[away] - strength[home])
    goals = [int(rng.poisson(rate)) for rate in rates]
    true = _probabilities(*rates)
    blurred = true * np.exp(rng.normal(0, 0.08, 3))
    prices = [f"{1 / (share * MARGIN):.2f}" for share in (*(blurred / blurred.sum()), *true)]
    return (day.isoformat(), clubs[home], clubs[away], *goals, *prices)


def _probabilities(home_rate: float, away_rate: float) -> np.ndarray:
    counts = np.arange(15)
    factorial = np.cumprod(np.maximum(counts, 1))
    goals = [np.exp(-rate) * rate**counts / factorial for rate in (home_rate, away_rate)]
    joint = np.outer(*goals)
    parts = np.array([np.tril(joint, -1).sum(), np.trace(joint), np.triu(joint, 1).sum()])
    shares: np.ndarray = parts / parts.sum()
    return shares
