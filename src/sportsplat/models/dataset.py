"""Rows to learn from and to forecast: features beside outcomes, with the moments that bound their use."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from sportsplat.features.build import Features
    from sportsplat.leagues.league import League

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
MomentArray = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Dataset:
    """One league's matches in order of kick-off, one row each.

    match_id (n,); features (n, f) float64, indexed by match_id, NaN where a value does not exist yet;
    outcomes (n, k) over `league.outcomes`, rows sum to 1 (a tie in a two-outcome league is .5/.5), NaN while
    the result is unknown; decision_at and known_at datetime64[us] in UTC (known_at NaT while unknown); day
    datetime64[D], the local date.
    """

    league: League
    match_id: IntArray
    features: pd.DataFrame
    outcomes: FloatArray
    season: IntArray
    decision_at: MomentArray
    known_at: MomentArray
    day: MomentArray
    neutral: BoolArray
    manifest: str

    def __len__(self) -> int:
        return len(self.match_id)

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order of the columns."""
        return tuple(str(name) for name in self.features.columns)

    @property
    def played(self) -> BoolArray:
        """Mask (n,) of rows whose result is known."""
        return ~np.isnat(self.known_at)

    def take(self, rows: npt.NDArray[Any] | slice) -> Dataset:
        """Return the rows selected by a mask, an index array or a slice, in their order here."""
        return Dataset(
            league=self.league,
            match_id=self.match_id[rows],
            features=self.features.iloc[rows],
            outcomes=self.outcomes[rows],
            season=self.season[rows],
            decision_at=self.decision_at[rows],
            known_at=self.known_at[rows],
            day=self.day[rows],
            neutral=self.neutral[rows],
            manifest=self.manifest,
        )

    def known_by(self, moment: datetime | np.datetime64) -> Dataset:
        """Return the rows whose result was known at `moment` (aware, or naive UTC as NumPy keeps it)."""
        return self.take(self.played & (self.known_at <= to_moment(moment)))

    def fingerprint(self) -> str:
        """Return a SHA-256 over match ids, outcomes, moments, feature names and feature values."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        values = np.ascontiguousarray(self.features.to_numpy(dtype=np.float64))
        # one bit pattern for every NaN, so that the way a gap was computed does not show
        values = np.where(np.isnan(values), np.float64(np.nan), values)
        for array in (self.match_id, self.outcomes, self.known_at.view(np.int64), values):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def recency(season: IntArray, half_life: float) -> FloatArray:
    """Return weights (n,): 1 in the last season of `season` (n,), half after `half_life` seasons."""
    weight: FloatArray = 0.5 ** ((season.max() - season) / half_life)
    return weight


def to_moment(moment: datetime | np.datetime64) -> np.datetime64:
    """Return `moment` as naive UTC datetime64[us]; raises ValueError for a datetime without a zone."""
    if isinstance(moment, np.datetime64):
        exact: np.datetime64 = moment.astype("datetime64[us]")
        return exact
    if moment.tzinfo is None:
        raise ValueError(f"moment {moment!r} has no time zone")
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def naive_utc(moments: pd.Series[Any]) -> MomentArray:
    """Return aware moments (n,) as naive UTC datetime64[us], NaT where there is none."""
    naive: MomentArray = moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return naive


def encode_outcomes(home_score: FloatArray, away_score: FloatArray, outcomes: Sequence[str]) -> FloatArray:
    """Return (n, k) outcome shares from final scores (n,), NaN where a score is.

    One-hot, except that a tie in a league without draws counts half for each side.
    """
    sign = np.sign(home_score - away_score)
    home, away = (sign > 0).astype(np.float64), (sign < 0).astype(np.float64)
    tie = (sign == 0).astype(np.float64)
    if "draw" in outcomes:
        encoded = np.column_stack([home, tie, away])
    else:
        encoded = np.column_stack([home + tie / 2, away + tie / 2])
    encoded[np.isnan(sign)] = np.nan
    return encoded


def make_dataset(matches: pd.DataFrame, features: Features, league: League) -> Dataset:
    """Join a matches frame (see db/read/frames.py) with the features built from it, row by row.

    Raises ValueError when the two do not have the same matches in the same order.
    """
    match_id = matches["match_id"].to_numpy(dtype=np.int64)
    if not np.array_equal(match_id, features.frame.index.to_numpy(dtype=np.int64)):
        raise ValueError("features were built from different matches, or in a different order")
    return Dataset(
        league=league,
        match_id=match_id,
        features=features.frame,
        outcomes=encode_outcomes(
            matches["home_score"].to_numpy(dtype=np.float64),
            matches["away_score"].to_numpy(dtype=np.float64),
            league.outcomes,
        ),
        season=matches["season"].to_numpy(dtype=np.int64),
        decision_at=naive_utc(features.decision_at),
        known_at=naive_utc(matches["known_at"]),
        day=matches["match_date"].to_numpy().astype("datetime64[D]"),
        neutral=matches["neutral"].to_numpy(dtype=np.bool_),
        manifest=features.manifest,
    )
