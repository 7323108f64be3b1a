"""A bankroll through time, as one number walked from moment to moment.

Stakes are reserved when placed and settle when the result is known; only then does the bankroll move. All
limits are shares of the bankroll, so what is wanted at each moment can be computed for all matches
beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Moments = NDArray[np.datetime64]

CAPS: Final = ("", "max_stake", "max_exposure", "daily_loss_limit")
MAX_EXPOSURE: Final = CAPS.index("max_exposure")
DAILY_LOSS_LIMIT: Final = CAPS.index("daily_loss_limit")


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
    due = np.searchsorted(results.at, placings.at, side="right").tolist()
    days, wanted = placings.day.tolist(), placings.share.tolist()
    placing, share, gain = results.placing.tolist(), results.share.tolist(), results.gain.tolist()
    bankroll, reserved, done, today, room_today = rules.initial_bankroll, 0.0, 0, None, 0.0
    max_exposure, daily_limit = rules.max_exposure, rules.daily_loss_limit
    before: list[float] = []
    scales: list[float] = []
    caps: list[int] = []
    after: list[float] = []
    # a last placing of nothing lets the loop settle what is still open
    for day, part, until in zip([*days, None], [*wanted, 0.0], [*due, len(share)], strict=True):
        for i in range(done, until):
            scale = scales[placing[i]]
            reserved -= share[i] * scale
            bankroll += gain[i] * scale
            if days[placing[i]] == today:
                room_today += (share[i] + gain[i]) * scale
            after.append(bankroll)
        done = until
        if day != today:
            today, room_today = day, daily_limit * bankroll
        stake, cap = part * bankroll, 0
        if stake > max_exposure * bankroll - reserved:
            stake, cap = max(max_exposure * bankroll - reserved, 0.0), MAX_EXPOSURE
        if stake > room_today:
            stake, cap = max(room_today, 0.0), DAILY_LOSS_LIMIT
        reserved += stake
        room_today -= stake
        before.append(bankroll)
        scales.append(stake / part if part else 0.0)
        caps.append(cap)
    last = np.flatnonzero(np.diff(results.at, append=-1))  # one point a moment: the bankroll after all of it
    return Path(
        np.array(before),
        np.array(scales),
        np.array(caps),
        results.at[last],
        np.array(after, dtype=np.float64)[last],
    )
