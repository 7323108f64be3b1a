"""Features of matches: the one function that training, prediction and serving all call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sportsplat.errors import InvalidSetting
from sportsplat.features import efficiency
from sportsplat.features.asof import BoxScores, History, stat_names
from sportsplat.features.definitions import (
    Family,
    Feature,
    FeaturePlan,
    Measure,
    Values,
    describe,
    manifest_hash,
)
from sportsplat.features.form import FORM, STREAK
from sportsplat.features.head_to_head import HEAD_TO_HEAD
from sportsplat.features.rating import ELO, STRENGTH
from sportsplat.features.rest import REST, SEASON
from sportsplat.leagues.league import League

FAMILIES: tuple[Family, ...] = (ELO, STRENGTH, FORM, STREAK, REST, SEASON, HEAD_TO_HEAD)


@dataclass(frozen=True)
class Features:
    """Features of matches.

    `frame`: one row per match in the order of the matches frame, index match_id, columns `names`, float64; a
    gap is NaN. `decision_at`: up to when facts counted, by match_id. `documents`: the meaning of each
    column, in order. `manifest`: a hash that changes with the names, the windows, the rating parameters and
    the code's version.
    """

    frame: pd.DataFrame
    decision_at: pd.Series
    documents: tuple[Feature, ...]
    manifest: str

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(feature.name for feature in self.documents)


def plan_for(league: League, windows: Sequence[int], stats: pd.DataFrame | None = None) -> FeaturePlan:
    """Return what is built for a league: `windows` in matches, box scores of the names that `stats` has.

    Raises InvalidSetting for a window below 1.
    """
    if any(window < 1 for window in windows):
        raise InvalidSetting(
            f"a form window of {min(windows)} matches is empty",
            cause="features.rolling_windows in the settings",
            fix="sportsplat config explain features.rolling_windows",
        )
    names = stat_names(stats) if stats is not None else ()
    return FeaturePlan(tuple(windows), league.elo, league.season_matches, names)


def values_of(history: History, box: BoxScores | None, plan: FeaturePlan) -> Values:
    """Compute every feature, (k, n): one row per feature in the order of `documents_of`."""
    n = len(history.schedule.match_id)
    rows = np.empty((len(documents_of(plan)), n))
    at = 0
    for measure, values in _measured(history, box, plan):
        if measure.sided:
            rows[at], rows[at + 1] = values[:n], values[n:]
            np.subtract(rows[at], rows[at + 1], out=rows[at + 2])
            at += 3
        else:
            rows[at] = values
            at += 1
    return rows


def documents_of(plan: FeaturePlan) -> tuple[Feature, ...]:
    """Document every column, in the order of the frame."""
    measures = [measure for family in FAMILIES for measure in family.measures(plan)]
    return describe([*measures, *efficiency.measures(plan)])


def _measured(history: History, box: BoxScores | None, plan: FeaturePlan) -> Iterator[tuple[Measure, Values]]:
    for family in FAMILIES:
        yield from zip(family.measures(plan), family.values(history, plan), strict=True)
    if box is not None:
        yield from zip(efficiency.measures(plan), efficiency.values(box, plan), strict=True)


def build_features(
    matches: pd.DataFrame,
    league: League,
    *,
    windows: Sequence[int],
    stats: pd.DataFrame | None = None,
) -> Features:
    """Build one row per match from what was known at its decision moment, its kick-off.

    `matches`: a frame of `db.read.matches_frame`, rows in any order; left as it is. `stats`: a frame of
    `db.read.stats_frame`, or None; a number that was never recorded gives no features. `windows`: matches of
    form to look back on. Unplayed matches get the same features by the same code. Raises InvalidSetting for
    a window below 1.
    """
    plan = plan_for(league, windows, stats)
    history = History.of(matches)
    box = BoxScores.of(history, stats) if stats is not None and plan.stats else None
    documents = documents_of(plan)
    index = pd.Index(history.schedule.match_id, name="match_id")
    names = [feature.name for feature in documents]
    frame = pd.DataFrame(values_of(history, box, plan).T, index=index, columns=names, copy=False)
    decision_at = pd.Series(matches["kickoff_utc"].array, index=index, name="decision_at")
    return Features(frame, decision_at, documents, manifest_hash(documents, plan))
