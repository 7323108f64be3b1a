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
