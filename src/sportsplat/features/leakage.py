"""Does a feature see the future? Take the future away, build again, and compare bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sportsplat.features.asof import Bools, microseconds
from sportsplat.features.build import Features

Moments = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class ChangedFeature:
    """A value that changed when the future was taken away; NaN is a gap."""

    feature: str
    match_id: int
    with_future: float
    without: float


def sample_moments(matches: pd.DataFrame, samples: int, rng: np.random.Generator) -> Moments:
    """Draw up to `samples` different kick-offs of played matches, in order; datetime64[us] in UTC.

    Cutting at a kick-off shows a feature that knows its own match's result, as well as one that knows later
    ones.
    """
    played = matches["final"].to_numpy(dtype=np.bool_)
    kickoffs = np.unique(matches["kickoff_utc"].to_numpy(dtype="datetime64[us]")[played])
    drawn = rng.choice(len(kickoffs), size=min(samples, len(kickoffs)), replace=False)
    chosen: Moments = kickoffs[np.sort(drawn)]
    return chosen


def decided_by(decision_at: pd.Series, moment: np.datetime64, known_at: list[pd.Series]) -> Bools:
    """Which matches may not differ when everything known after `moment` is missing.

    Those decided by then, and the coming ones up to the first fact that became known later. `known_at`:
    moments at which facts became known, NaT where they have not.
    """
    cut = int(moment.astype("datetime64[us]").astype(np.int64))
    later = [moments[moments > cut] for moments in map(microseconds, known_at)]
    horizon = min((int(moments.min()) for moments in later if len(moments)), default=np.iinfo(np.int64).max)
    decided: Bools = microseconds(decision_at) < max(horizon, cut + 1)
    return decided


def first_moved(whole: Features, truncated: Features, decided: Bools) -> ChangedFeature | None:
    """Return the first value that differs among the `decided` rows (n,), the earliest decision first.

    Equal means the same bits, or a gap in both. Rows of both stand for the same matches in the same order.
    Features of a box-score number that was not recorded yet are missing from `truncated` and are not
    compared.
    """
    names = [name for name in whole.names if name in truncated.frame.columns]
    before, after = whole.frame[names].to_numpy(), truncated.frame[names].to_numpy()
    same = (before.view(np.int64) == after.view(np.int64)) | (np.isnan(before) & np.isnan(after))
    rows, columns = np.nonzero(~same & decided[:, None])
    if not len(rows):
        return None
    at = np.lexsort((columns, rows, microseconds(whole.decision_at)[rows]))[0]
    row, column = rows[at], columns[at]
    return ChangedFeature(
        feature=names[column],
        match_id=int(whole.frame.index[row]),
        with_future=float(before[row, column]),
        without=float(after[row, column]),
    )
