"""One bankroll through time: stake when a match is decided on, settle when its result is known.

Fractions of the bankroll do not depend on the bankroll, so they are computed for all matches at once; what is
left to walk in order is one number, the bankroll, from moment to moment. Stakes are reserved until they
settle, and a result moves the bankroll only once it is known: a bet that is still open never funds another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sportsplat.betting.kelly import Stakes, stake_fractions
from sportsplat.betting.settle import unit_profit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Moments = NDArray[np.datetime64]

CAPS: Final = ("", "max_stake", "max_exposure", "daily_loss_limit")
MAX_EXPOSURE: Final = CAPS.index("max_exposure")
DAILY_LOSS_LIMIT: Final = CAPS.index("daily_loss_limit")
LAST: Final = 2**62  # a moment after every other
NEVER: Final = (2**63, 0, 0, 0.0, 0.0)  # a result that does not come


@dataclass(frozen=True)
class Rules:
    """Staking rules; every limit is a share of the bankroll (see the settings `risk.*`)."""

    kelly_fraction: float
    max_stake: float
    min_edge: float
    max_exposure: float
    daily_loss_limit: float
    initial_bankroll: float


class Placings(NamedTuple):
    """Moments of decision in order: when (µs), on which day, and the share of the bankroll that is wanted."""

    at: Ints
    day: Ints
    share: Floats


class Settlements(NamedTuple):
    """What becomes known, in order: when (µs), of which placing, the share staked and the share gained."""

    at: Ints
    placing: Ints
    share: Floats
    gain: Floats


class Path(NamedTuple):
    """Per placing: bankroll before, stake per share wanted, cap. Per settlement moment: bankroll after."""

    bankroll_before: Floats
    scale: Floats
    cap: Ints
    settled_at: Ints
    bankroll: Floats


def join_results(known: Ints, placing: Ints, share: Floats, gain: Floats) -> Settlements:
    """Join what one placing settles at one moment, in order of the moment."""
    order = np.lexsort((placing, known))
    known, placing = known[order], placing[order]
    fresh = np.flatnonzero(np.r_[True, (np.diff(known) != 0) | (np.diff(placing) != 0)][: len(known)])
    if not len(fresh):
        return Settlements(known, placing, share, gain)
    return Settlements(
        known[fresh],
        placing[fresh],
        np.add.reduceat(share[order], fresh),
        np.add.reduceat(gain[order], fresh),
    )


def through_time(placings: Placings, results: Settlements, rules: Rules) -> Path:
    """Walk the bankroll through placings and settlements, in plain numbers: there is nothing to batch."""
    bankroll, reserved, today, room_today = rules.initial_bankroll, 0.0, None, 0.0
    max_exposure, daily_limit = rules.max_exposure, rules.daily_loss_limit
    before: list[float] = []
    scales: list[float] = []
    after: list[float] = []
    held_back: dict[int, int] = {}
    days = placings.day.tolist()
    known = zip(
        results.at.tolist(),
        results.placing.tolist(),
        placings.day[results.placing].tolist(),
        results.share.tolist(),
        results.gain.tolist(),
        strict=True,
    )
    due, index, placed_on, share, gain = next(known, NEVER)
    # a last placing of nothing lets the loop settle what is still open
    moments, wanted = [*placings.at.tolist(), LAST], [*placings.share.tolist(), 0.0]
    for moment, day, part in zip(moments, [*days, None], wanted, strict=True):
        while due <= moment:
            scale = scales[index]
            reserved -= share * scale
            bankroll += gain * scale
            if placed_on == today:
                room_today += (share + gain) * scale
            after.append(bankroll)
            due, index, placed_on, share, gain = next(known, NEVER)
        if day != today:
            today, room_today = day, daily_limit * bankroll
        scale, stake = bankroll, part * bankroll
        room = max_exposure * bankroll - reserved
        if stake > room or stake > room_today:
            held_back[len(before)] = MAX_EXPOSURE if room < room_today else DAILY_LOSS_LIMIT
            stake = max(min(room, room_today), 0.0)
            scale = stake / part if part else 0.0
        reserved += stake
        room_today -= stake
        before.append(bankroll)
        scales.append(scale)
    caps = np.zeros(len(before), dtype=np.int64)
    caps[list(held_back)] = list(held_back.values())
    last = np.flatnonzero(np.diff(results.at, append=-1))  # one point a moment: the bankroll after all of it
    settled = np.array(after, dtype=np.float64)
    return Path(np.array(before), np.array(scales), caps, results.at[last], settled[last])


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
