"""One bankroll through time: stake when a match is decided on, settle when its result is known.

Fractions of the bankroll do not depend on the bankroll, so they are computed for all matches at once; what is
left to walk in order is one number, the bankroll, from moment to moment. Stakes are reserved until they
settle, and a result moves the bankroll only once it is known: a bet that is still open never funds another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportsplat.backtest.bankroll import (
    CAPS,
    Floats,
    Ints,
    Moments,
    Placings,
    Rules,
    join_results,
    through_time,
)
from sportsplat.betting.kelly import Stakes, stake_fractions
from sportsplat.betting.settle import unit_profit


@dataclass(frozen=True)
class Offers:
    """What could be bet on, n matches of k outcomes.

    probabilities and decimal_odds (n, k), NaN odds where there is no price; shares (n, k): each outcome's
    part in the result; decision_at, known_at (n,) datetime64[us] UTC; day (n,) the local day that the daily
    limit is about.
    """

    probabilities: Floats
    decimal_odds: Floats
    shares: Floats
    decision_at: Moments
    known_at: Moments
    day: Moments


@dataclass(frozen=True)
class Ledger:
    """Bets in the order they were placed: `match` is the row in the offers, `outcome` the column.

    stake and profit are in units of the bankroll; `unit_profit` is profit per unit staked; `cap` is the
    position in CAPS of what held the stake back.
    """

    match: Ints
    outcome: Ints
    probability: Floats
    decimal_odds: Floats
    edge: Floats
    stake: Floats
    unit_profit: Floats
    bankroll_before: Floats
    cap: Ints

    def __len__(self) -> int:
        return len(self.match)

    @property
    def capped_by(self) -> NDArray[np.str_]:
        """What held each stake back (n,): "", max_stake, max_exposure or daily_loss_limit."""
        return np.array(CAPS)[self.cap]

    @property
    def profit(self) -> Floats:
        """What each bet brought (n,)."""
        return self.stake * self.unit_profit


@dataclass(frozen=True)
class Portfolio:
    """The bets, the bankroll after each moment of settling, and how many bets a limit stopped."""

    ledger: Ledger
    settled_at: Moments
    bankroll: Floats
    stopped: int
    initial_bankroll: float


def run_portfolio(offers: Offers, rules: Rules) -> Portfolio:
    """Bet on every match that has an edge, in the order of decisions, under `rules`.

    Within one match the joint Kelly fractions share `max_stake`. Matches decided at one moment share the
    bankroll of that moment; all are scaled down alike so that open stakes never exceed `max_exposure`, and so
    that a day's settled losses and open stakes together never exceed `daily_loss_limit` of the bankroll that
    began the day.
    """
    stakes = stake_fractions(
        offers.probabilities,
        offers.decimal_odds,
        kelly_fraction=rules.kelly_fraction,
        max_stake=rules.max_stake,
        min_edge=rules.min_edge,
    )
    return _walk(offers, stakes, rules)


def flat_bets(offers: Offers, min_edge: float) -> Ledger:
    """Bet one unit on each outcome with an edge of at least `min_edge`, whatever the bankroll."""
    edge = offers.probabilities * offers.decimal_odds - 1.0
    with np.errstate(invalid="ignore"):
        chosen = edge >= min_edge
    order = np.argsort(offers.decision_at, kind="stable")
    order = order[~np.isnat(offers.known_at[order])]
    place, outcome = np.nonzero(chosen[order])
    match = order[place]
    uncapped = np.zeros(len(match), dtype=np.int64)
    return _ledger(offers, edge, match, outcome, np.ones(len(match)), np.full(len(match), np.nan), uncapped)


def _walk(offers: Offers, stakes: Stakes, rules: Rules) -> Portfolio:
    share = stakes.fractions @ np.ones(stakes.fractions.shape[1])
    rows = np.flatnonzero((share > 0.0) & ~np.isnat(offers.known_at))
    rows = rows[np.argsort(offers.decision_at[rows], kind="stable")]
    decided, fractions = offers.decision_at[rows].astype(np.int64), stakes.fractions[rows]
    moments, starts, group = np.unique(decided, return_index=True, return_inverse=True)
    unit = unit_profit(offers.decimal_odds[rows], offers.shares[rows])
    unit[fractions == 0.0] = 0.0  # also where there is no price
    gain = np.einsum("ij,ij->i", fractions, unit)
    days, wanted = offers.day[rows][starts].astype(np.int64), np.add.reduceat(share[rows], starts)
    known = np.maximum(offers.known_at[rows].astype(np.int64), decided + 1)
    path = through_time(Placings(moments, days, wanted), join_results(known, group, share[rows], gain), rules)
    stake = fractions * path.scale[group][:, None]
    place, outcome = np.nonzero(stake > 0.0)
    cap = np.where(path.cap[group] > 0, path.cap[group], stakes.capped[rows])[place]
    before = path.bankroll_before[group][place]
    return Portfolio(
        _ledger(offers, stakes.edge, rows[place], outcome, stake[place, outcome], before, cap),
        path.settled_at.view("datetime64[us]"),
        path.bankroll,
        int(np.count_nonzero(fractions)) - len(place),
        rules.initial_bankroll,
    )


def _ledger(
    offers: Offers, edge: Floats, match: Ints, outcome: Ints, stake: Floats, bankroll: Floats, cap: Ints
) -> Ledger:
    odds = offers.decimal_odds[match, outcome]
    return Ledger(
        match=match,
        outcome=outcome,
        probability=offers.probabilities[match, outcome],
        decimal_odds=odds,
        edge=edge[match, outcome],
        stake=stake,
        unit_profit=unit_profit(odds, offers.shares[match, outcome]),
        bankroll_before=bankroll,
        cap=cap,
    )
